package console

import (
	"context"
	"net/http"

	"github.com/sendgate/sendgate/filter"
)

// A Watcher is what the console asks of the gate about providers. Its methods are safe for concurrent use.
type Watcher interface {
	// Contacts tells what shows of every route besides what is sent, sorted by route.
	Contacts() []filter.Contact
}

// A ContactList tells what shows of routes besides what is sent.
type ContactList struct {
	Contacts []filter.Contact `json:"contacts"`
}

// listContacts answers what shows of routes.
func (s *Server) listContacts(c *call) error {
	list := ContactList{Contacts: []filter.Contact{}}
	if s.watcher != nil {
		list.Contacts = append(list.Contacts, s.watcher.Contacts()...)
	}
	return answer(c.w, http.StatusOK, list)
}

// Contacts is what shows of every route besides what is sent.
func (c *Client) Contacts(ctx context.Context) ([]filter.Contact, error) {
	var list ContactList
	err := c.get(ctx, "/api/v1/contacts", nil, &list)
	return list.Contacts, err
}
