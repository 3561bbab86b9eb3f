package providers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"time"
)

// jwtHashes are what the HMAC of a JSON Web Token may be made with: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
var jwtHashes = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// readJWT reads into claims what a JSON Web Token says, if one of the secrets signed it. Nothing of it is read before,
// but how it is signed. Errors wrap [ErrSignature].
// Source: https://www.rfc-editor.org/rfc/rfc7515#section-5.2
func readJWT(token []byte, secrets []string, claims any) error {
	parts := bytes.Split(token, []byte("."))
	if len(parts) != 3 {
		return unsigned("its JSON Web Token has not three parts")
	}
	var plain [3][]byte
	for i, part := range parts {
		var err error
		if plain[i], err = base64.RawURLEncoding.Strict().AppendDecode(nil, part); err != nil {
			return unsigned("its JSON Web Token is not in base64url")
		}
	}
	var head struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	if json.Unmarshal(plain[0], &head) != nil || jwtHashes[head.Algorithm] == nil || head.Critical != nil {
		return unsigned("its JSON Web Token is signed in a way that the service does not use")
	}
	good := 0
	for _, secret := range secrets {
		mac := hmac.New(jwtHashes[head.Algorithm], []byte(secret))
		mac.Write(token[:len(parts[0])+1+len(parts[1])])
		if secret != "" && hmac.Equal(mac.Sum(nil), plain[2]) {
			good++
		}
	}
	if good == 0 {
		return unsigned("its JSON Web Token is signed with none of the secrets of the route")
	}
	if json.Unmarshal(plain[1], claims) != nil {
		return unsigned("its JSON Web Token does not say what the service says")
	}
	return nil
}

// signJWT is a JSON Web Token that says claims, which have a JSON form, signed with HMAC and SHA-256.
func signJWT(claims any, secret string) string {
	body, _ := json.Marshal(claims) // strings and numbers: it cannot fail
	signed := base64.RawURLEncoding.AppendEncode([]byte(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))+"."), body)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(signed)
	return string(base64.RawURLEncoding.AppendEncode(append(signed, '.'), mac.Sum(nil)))
}

// A jwtTime is between which moments a token is good, in seconds since 1970. Without a moment it has no such end.
type jwtTime struct {
	NotBefore float64 `json:"nbf,omitempty"`
	Expires   float64 `json:"exp,omitempty"`
}

// jwtSkew is by how much two clocks may differ.
const jwtSkew = time.Minute

// check fails where now is not between the two moments.
func (t jwtTime) check(now time.Time) error {
	at, skew := float64(now.Unix()), jwtSkew.Seconds()
	if t.NotBefore > at+skew || t.Expires != 0 && t.Expires < at-skew {
		return unsigned("its JSON Web Token is not good at this time, by the clock of this machine")
	}
	return nil
}

// hexDigest is the SHA-256 of what a token vouches for, as tokens have it.
func hexDigest(of []byte) string {
	sum := sha256.Sum256(of)
	return hex.EncodeToString(sum[:])
}
