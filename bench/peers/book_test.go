package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func TestBook(t *testing.T) {
	b := book{listed: 20_000, consented: 5_000}
	e164 := regexp.MustCompile(`^\+1[2-9][0-9]{2}[01][0-9]{6}$`)
	text := func(n uint64) string {
		s := make([]byte, digits)
		putNumber(s, n)
		return "+" + string(s)
	}
	t.Run("no number is in two lists, and each is of the plan", func(t *testing.T) {
		seen := make(map[uint64]string)
		note := func(n uint64, what string) {
			if other := seen[n]; other != "" && other != what || what != "stranger" && other != "" {
				t.Fatalf("%s is %s and %s", text(n), other, what)
			}
			if seen[n] = what; !e164.MatchString(text(n)) {
				t.Fatalf("%s is no number", text(n))
			}
		}
		for k := range b.listed {
			note(b.optedOut(k), "opted out")
		}
		for k := range b.consented {
			note(b.agreed(k), "agreed")
		}
		for k := range b.listed {
			for pick := range uint64(3) {
				note(b.stranger(k, mix(pick*1_000_003)), "stranger")
			}
		}
	})
	t.Run("the lists are the same on every day", func(t *testing.T) {
		if got := text(b.optedOut(0)) + text(b.optedOut(19_999)) + text(b.agreed(1)); got != "+12010025635+19891994634+12010166179" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("neighbours on the list are spread over the numbers", func(t *testing.T) {
		small, large := uint64(room), uint64(0)
		for k := range b.listed - 1 {
			gap := b.optedOut(k+1) - b.optedOut(k)
			small, large = min(small, gap), max(large, gap)
		}
		if small*4 > large {
			t.Errorf("gaps are from %d to %d", small, large)
		}
	})
}

func TestBookCheck(t *testing.T) {
	for name, c := range map[string]struct {
		book book
		ok   bool
	}{
		"ten million and a million consents": {book{10_000_000, 1_000_000}, true},
		"a hundred million":                  {book{100_000_000, 0}, true},
		"nobody":                             {book{0, 0}, false},
		"more than there are numbers":        {book{maxListed + 1, 0}, false},
		"more consents than opt-outs":        {book{10, 11}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := c.book.check(); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBookFiles(t *testing.T) {
	b := book{listed: 2_500, consented: 3}
	var plain, optOuts, part, consents, members bytes.Buffer
	commands, err := b.writeMembers(&members, "optout")
	if err != nil || commands != 3 {
		t.Fatalf("%d commands, %v", commands, err)
	}
	for _, err := range []error{b.plainList().write(&plain, 0, 2_500), b.imports()[0].write(&optOuts, 0, 2_500), b.imports()[0].write(&part, 1_000, 1_002), b.imports()[1].write(&consents, 0, 3)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	numbers := strings.Fields(plain.String())
	if len(numbers) != 2_500 {
		t.Fatalf("the list has %d lines", len(numbers))
	}
	t.Run("the file to import and the commands for Redis hold the numbers of the list", func(t *testing.T) {
		if want := "address,state\n" + strings.Join(numbers, ",opted-out\n") + ",opted-out\n"; optOuts.String() != want {
			t.Error("the file to import is another")
		}
		var set []string
		for i, word := range strings.Split(members.String(), "\r\n") {
			if strings.HasPrefix(word, "+") {
				set = append(set, word)
			}
			if i == 0 && word != "*1002" {
				t.Errorf("the first command begins with %s", word)
			}
		}
		if strings.Join(set, " ") != strings.Join(numbers, " ") || !strings.Contains(members.String(), "\r\n*502\r\n$4\r\nSADD\r\n$6\r\noptout\r\n$12\r\n+") {
			t.Error("the set is another")
		}
	})
	t.Run("a part of it is a file of its own", func(t *testing.T) {
		if want := "address,state\n" + numbers[1_000] + ",opted-out\n" + numbers[1_001] + ",opted-out\n"; part.String() != want {
			t.Errorf("got %q, want %q", part.String(), want)
		}
	})
	t.Run("each consent has its evidence", func(t *testing.T) {
		lines := strings.Split(strings.TrimSpace(consents.String()), "\n")
		if len(lines) != 4 || !strings.HasSuffix(lines[3], "express,2026-01-31T10:00:00Z,web form,ticked box,Yes send me offers by SMS") {
			t.Errorf("got %q", lines)
		}
	})
}
