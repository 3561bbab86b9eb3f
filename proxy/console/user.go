package console

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/bcrypt"
)

// A User is a person who logs into the console with a name and a password.
type User struct {
	Name     string `yaml:"name"`                // written beside every change, as that of a token, from which it differs
	Role     Role   `yaml:"role"`                // viewer, reviewer or admin
	Password string `yaml:"password" ref:"hash"` // its hash: argon2id in the PHC string format, or bcrypt
}

// String names u without the hash.
func (u User) String() string { return fmt.Sprintf("%s (%s)", u.Name, u.Role) }

// GoString names u without the hash.
func (u User) GoString() string { return u.String() }

// LongestName is how long the name of a [User] may be, in bytes.
const LongestName = 100

// Problem says what is wrong with u as such: the field, and a sentence. Both are empty for a user who can
// log in.
func (u User) Problem() (field, problem string) {
	switch {
	case u.Name == "":
		return "name", "missing: want a name to log in with"
	case strings.IndexFunc(u.Name, notInName) >= 0:
		return "name", fmt.Sprintf("%q: want letters, digits, and - . _ @", u.Name)
	case len(u.Name) > LongestName:
		return "name", fmt.Sprintf("%d characters are too many: want at most %d", len(u.Name), LongestName)
	case u.Role < Viewer || u.Role > Admin:
		return "role", "missing: want one of " + strings.Join(roleNames[1:], ", ")
	case u.Password == "":
		return "password", "missing: `sendgate user new` prints one"
	}
	return "password", hashProblem(u.Password)
}

// What the hash of a password may cost. The least is what OWASP's Password Storage Cheat Sheet asks for
// (https://cheatsheetseries.owasp.org), the most is what one login may take of a machine that sends.
const (
	leastMemory, mostMemory = 7 << 10, 256 << 10 // KiB
	mostPasses              = 10
	mostLanes               = 16
	mostWork                = 1 << 20 // KiB × passes: about a second
	leastCost, mostCost     = 10, 14
)

// newHash is how passwords are hashed here: the second choice of OWASP, since the memory is the gate's.
var newHash = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashProblem says why hash cannot be that of a password; empty where it can. It repeats nothing of it.
func hashProblem(hash string) string {
	if strings.HasPrefix(hash, "$2") {
		cost, err := bcrypt.Cost([]byte(hash))
		switch {
		case err != nil || len(hash) != 60:
			return "this is no hash of bcrypt"
		case cost < leastCost || cost > mostCost:
			return fmt.Sprintf("bcrypt's cost is %d: want %d to %d", cost, leastCost, mostCost)
		}
		return ""
	}
	params, salt, key, err := argon2id.DecodeHash(hash)
	switch {
	case err != nil || !strings.Contains(hash, fmt.Sprintf("$m=%d,t=%d,p=%d$", params.Memory, params.Iterations, params.Parallelism)):
		return "want the hash of a password, by argon2id ($argon2id$v=19$m=…,t=…,p=…$…) or bcrypt ($2b$…): `sendgate user new` prints one"
	case params.Memory < leastMemory || params.Memory > mostMemory:
		return fmt.Sprintf("argon2id's memory is m=%d KiB: want %d to %d", params.Memory, leastMemory, mostMemory)
	case params.Iterations < 1 || params.Iterations > mostPasses || params.Memory*params.Iterations > mostWork:
		return fmt.Sprintf("argon2id's passes are t=%d: want 1 to %d", params.Iterations, min(mostPasses, mostWork/params.Memory))
	case params.Parallelism < 1 || params.Parallelism > mostLanes:
		return fmt.Sprintf("argon2id's lanes are p=%d: want 1 to %d", params.Parallelism, mostLanes)
	case len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64:
		return "want a salt of 8 to 64 bytes and a hash of 16 to 64"
	}
	return ""
}

// Knows reports whether password is that of u, a user without a [User.Problem]. It takes a good part of a
// second of a processor, and up to 256 MiB, as the hash has it.
func (u User) Knows(password string) bool {
	if strings.HasPrefix(u.Password, "$2") {
		return bcrypt.CompareHashAndPassword([]byte(u.Password), []byte(password)) == nil
	}
	match, err := argon2id.ComparePasswordAndHash(password, u.Password)
	return match && err == nil
}

// leastPassword is the least length of a password, in characters. Composition is left to people:
// NIST SP 800-63B, section 3.1.1.
const leastPassword = 12

// HashPassword is what [User] keeps of password.
func HashPassword(password string) (string, error) {
	if n := utf8.RuneCountInString(password); n < leastPassword {
		return "", fmt.Errorf("%d characters are too few for a password: want at least %d", n, leastPassword)
	}
	return argon2id.CreateHash(password, newHash)
}
