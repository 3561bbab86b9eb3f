package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/sendgate/sendgate/store/wire"
)

// SendKeys is how the keys of sends are kept: the `store.send_keys` section of the configuration.
type SendKeys struct {
	// Keep is how long a key, and the answer to its send, is remembered, at least a second. Default 24h.
	Keep time.Duration `yaml:"keep"`
	// Bytes is what all of them may take on disk. When that is full, further sends with a key are
	// refused until older keys have run out: one that was forgotten early could be sent twice.
	// Default 1 GiB, room for about a million sends.
	Bytes int64 `yaml:"bytes"`
}

// Defaults of [SendKeys].
const (
	DefaultKeepSendKeys  = 24 * time.Hour
	DefaultSendKeysBytes = 1 << 30
)

// Check says what is wrong with k. Its errors begin with the key.
func (k SendKeys) Check() error {
	switch {
	case k.Keep != 0 && k.Keep < time.Second:
		return fmt.Errorf("keep: %s: want at least 1s", k.Keep)
	case k.Bytes < 0:
		return fmt.Errorf("bytes: %d: want more than 0", k.Bytes)
	}
	return nil
}

// MaxAnswer is the longest answer, in bytes, that is kept for a repeat.
const MaxAnswer = 64 << 10

// A SendState is what is known of the send that goes by a key.
type SendState uint8

const (
	SendFree     SendState = iota // nothing is known of the key, or nothing was sent under it
	SendBegun                     // it may have been sent, and how that ended is not known
	SendAnswered                  // it was sent, and the answer is there
	SendTaken                     // the key stands for another request
)

// A SendKey is one logical send, by the key that its sender gave it. What is kept of it is on disk,
// synced, before each call returns, so that neither kill -9 nor a power cut makes a send that may
// have left look like one that did not.
//
// Nothing is kept in the clear. What is written beside a key can be read only by whoever has both
// the folder of the store and the request that it was written for, byte for byte, key and
// credentials too: it is sealed under a key made from these and the store's own. So an erasure has
// nothing to take out of it.
//
// Two at a time may not use the same key: whoever asks for one sees to that.
type SendKey struct {
	s     *Store
	id    [16]byte // stands for the scope and the key
	check [16]byte // and this for the whole request
	aead  cipher.AEAD
}

// SendKey is the send with this key within a scope. request is what makes two requests the same.
func (s *Store) SendKey(scope, key string, request ...[]byte) *SendKey {
	mac := hmac.New(sha256.New, s.keys.Sends[:])
	part := func(p []byte) { // hash.Hash: no error
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		mac.Write(size[:])
		mac.Write(p)
	}
	part([]byte(scope))
	part([]byte(key))
	k := &SendKey{s: s, id: [16]byte(mac.Sum(nil))}
	for _, p := range request {
		part(p)
	}
	secret := mac.Sum(nil)
	use := func(name string) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(name))
		return mac.Sum(nil)
	}
	k.check = [16]byte(use("check"))
	block, err := aes.NewCipher(use("seal"))
	if err == nil {
		k.aead, err = cipher.NewGCM(block)
	}
	if err != nil {
		panic(err) // a length that AES does not have
	}
	return k
}

// ID stands for the scope and the key, as long as the process runs: a map may go by it.
func (k *SendKey) ID() [16]byte { return k.id }

// Same reports whether the other is about the same request.
func (k *SendKey) Same(other *SendKey) bool {
	return k.id == other.id && subtle.ConstantTimeCompare(k.check[:], other.check[:]) == 1
}

func (k *SendKey) key() []byte { return append([]byte{kindSend}, k.id[:]...) }

const sendVersion = 1

// value is what is kept: a head in the clear, which holds nothing personal, what is sealed, and a
// checksum.
func (k *SendKey) value(state SendState, text []byte) ([]byte, error) {
	b := wire.AppendTime([]byte{sendVersion, byte(state)}, k.s.now())
	b = append(b, k.check[:]...)
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	b = append(b, k.aead.Seal(nonce, nonce, text, b)...)
	return wire.AppendSum(b, 0, k.id[:]...), nil
}

// Look says what is known of the send, and the text that was kept with that: the note of Begin, or
// the answer. Text that was damaged is nil.
func (k *SendKey) Look() (state SendState, text []byte, err error) {
	err = k.s.view(func(txn *badger.Txn) error {
		item, err := txn.Get(k.key())
		if errors.Is(err, badger.ErrKeyNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return item.Value(func(value []byte) error {
			state, text = k.open(value)
			return nil
		})
	})
	if err != nil {
		return SendFree, nil, fmt.Errorf("looking for the key of a send: %w", err)
	}
	return state, text, nil
}

// open reads a value. One that cannot be read is that of a send that was begun.
func (k *SendKey) open(value []byte) (SendState, []byte) {
	d := wire.NewDecoder(value, sendVersion, k.id[:]...)
	state, at := SendState(d.Byte()), d.Time()
	check := d.Take(uint64(len(k.check)))
	nonce := d.Take(uint64(k.aead.NonceSize()))
	switch {
	case d.Bad || state != SendBegun && state != SendAnswered:
		return SendBegun, nil
	case !k.s.now().Before(at.Add(k.s.cfg.SendKeys.Keep)):
		return SendFree, nil
	case subtle.ConstantTimeCompare([]byte(check), k.check[:]) != 1:
		return SendTaken, nil
	}
	head := value[:len(value)-crc32.Size-len(d.Rest)-len(nonce)]
	text, err := k.aead.Open(nil, []byte(nonce), []byte(d.Rest), head)
	if err != nil {
		return SendBegun, nil
	}
	return state, text
}

// Begin keeps that the send is about to leave, with a note. Only after it returned nil may anything
// leave. After [ErrSendKeysFull], and any other error, nothing may.
func (k *SendKey) Begin(note []byte) error {
	if err := k.write(SendBegun, note); err != nil {
		return fmt.Errorf("keeping the key of a send: %w", err)
	}
	return nil
}

// Answer keeps the answer to a send that was begun. After an error the send stays begun.
func (k *SendKey) Answer(answer []byte) error {
	if len(answer) > MaxAnswer {
		return fmt.Errorf("keeping the answer to a send: %d bytes are too long: at most %d are kept", len(answer), MaxAnswer)
	}
	if err := k.write(SendAnswered, answer); err != nil {
		return fmt.Errorf("keeping the answer to a send: %w", err)
	}
	return nil
}

// Free forgets a send that was begun and surely did not leave. After an error it stays begun.
func (k *SendKey) Free() error {
	if err := k.s.writeSend(&sendWrite{key: k.key(), done: make(chan error, 1)}); err != nil {
		return fmt.Errorf("giving back the key of a send: %w", err)
	}
	return nil
}

func (k *SendKey) write(state SendState, text []byte) error {
	value, err := k.value(state, text)
	if err != nil {
		return err
	}
	return k.s.writeSend(&sendWrite{key: k.key(), value: value, begins: state == SendBegun, done: make(chan error, 1)})
}
