package console

import (
	"context"
	"net/http"

	"github.com/sendgate/sendgate/store/tally"
)

// A Budgeter is what the console asks of the gate about budgets. Its methods are safe for concurrent use.
type Budgeter interface {
	// Portfolios tells of every business portfolio that a route names, sorted by name.
	Portfolios() []tally.Usage
}

// A BudgetList tells how far budgets are used up.
type BudgetList struct {
	Portfolios []tally.Usage `json:"portfolios"`
}

// listBudgets answers how far budgets are used up.
func (s *Server) listBudgets(c *call) error {
	list := BudgetList{Portfolios: []tally.Usage{}}
	if s.budgets != nil {
		list.Portfolios = append(list.Portfolios, s.budgets.Portfolios()...)
	}
	return answer(c.w, http.StatusOK, list)
}

// Budgets is how far budgets are used up.
func (c *Client) Budgets(ctx context.Context) (BudgetList, error) {
	var list BudgetList
	err := c.get(ctx, "/api/v1/budgets", nil, &list)
	return list, err
}
