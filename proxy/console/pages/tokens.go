package pages

import (
	"net/http"
	"net/url"

	"github.com/sendgate/sendgate/proxy/console"
)

var tokenPages = []page{
	{"GET", "/tokens", console.Admin, (*Pages).tokens},
	{"POST", "/tokens", console.Admin, (*Pages).makeToken},
	{"POST", "/tokens/{name}/revoke", console.Admin, (*Pages).revokeToken},
}

// A tokenList is what the page of tokens shows.
type tokenList struct {
	Tokens  []console.TokenInfo
	Form    url.Values // what was typed
	Roles   []console.Role
	Lengths []length
	// Made is the token that the form made, and Secret its secret, which this one page shows.
	Made    *console.TokenInfo
	Secret  string
	Problem *console.Error
}

// tokenLengths are how long a token may count, in hours.
var tokenLengths = []int{24, 7 * 24, 30 * 24, 90 * 24, 365 * 24}

func (p *Pages) tokens(v *visit) error { return v.tokenList(http.StatusOK, &tokenList{}) }

// tokenList shows l with all tokens.
func (v *visit) tokenList(status int, l *tokenList) (err error) {
	if l.Tokens, err = v.api.Tokens(v.ctx()); err != nil {
		return err
	}
	l.Roles = []console.Role{console.Viewer, console.Reviewer, console.Admin}
	l.Lengths = v.lengths(l.Form.Get("for"), tokenLengths)
	return v.showAs(status, "tokens", l)
}

// makeToken shows the secret on the page that answers the form, so that it is in no address and no history: a
// page that is loaded again asks for another token of the same name, which is refused.
func (p *Pages) makeToken(v *visit) error {
	want := console.TokenRequest{Name: v.value("name"), Note: v.value("note")}
	var err error
	if err = want.Role.UnmarshalText([]byte(v.value("role"))); err != nil {
		err = &console.Error{Status: http.StatusBadRequest, Field: "role", Message: err.Error()}
	}
	if err == nil {
		want.Until, err = v.end()
	}
	var made console.NewToken
	if err == nil {
		made, err = v.api.MakeToken(v.ctx(), want)
	}
	if e := refused(err); e != nil {
		return v.tokenList(e.Status, &tokenList{Form: v.r.PostForm, Problem: e})
	}
	if err != nil {
		return err
	}
	return v.tokenList(http.StatusCreated, &tokenList{Made: &made.Token, Secret: made.Secret})
}

func (p *Pages) revokeToken(v *visit) error {
	err := v.api.RevokeToken(v.ctx(), v.r.PathValue("name"))
	switch e := refused(err); {
	case gone(err):
		return v.done("/tokens", "tokens-gone")
	case e != nil:
		return v.tokenList(e.Status, &tokenList{Problem: e})
	case err != nil:
		return err
	}
	return v.done("/tokens", "tokens-revoked")
}
