package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sendgate/sendgate/proxy/console"
	"golang.org/x/term"
)

type userCmd struct {
	New userNewCmd `cmd:"" help:"Ask for a password and print the lines to enter, with its hash, for somebody who logs into the console."`
}

type userNewCmd struct {
	Name string       `arg:"" help:"Name to log in with, written beside what they change."`
	Role console.Role `default:"viewer" help:"viewer, reviewer or admin (${default})."`
}

// Run reads the password from the terminal, which shows nothing of it, or else the first line of standard input.
func (c userNewCmd) Run(t terminal) error {
	password, err := newPassword(t)
	if err != nil {
		return fmt.Errorf("reading the password: %w", err)
	}
	user := console.User{Name: c.Name, Role: c.Role}
	if user.Password, err = console.HashPassword(password); err != nil {
		return err
	}
	if field, problem := user.Problem(); problem != "" {
		return fmt.Errorf("%s: %s", field, problem)
	}
	fmt.Fprintf(t.out, "    - name: %q\n      role: %s\n      password: %s\n", user.Name, user.Role, user.Password)
	fmt.Fprint(t.err, "Enter these lines below console.users, and reload.\n")
	return nil
}

// longestLine bounds what is read for one password.
const longestLine = 4 << 10

func newPassword(t terminal) (string, error) {
	file, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReaderSize(io.LimitReader(t.in, longestLine), longestLine).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(t.err, prompt)
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(t.err)
		return string(typed), err
	}
	first, err := ask("Password, at least 12 characters: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err == nil && first != again {
		err = errors.New("the two differ")
	}
	return first, err
}
