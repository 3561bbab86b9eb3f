package console

import (
	"reflect"
	"testing"

	"github.com/sendgate/sendgate/store/tally"
)

// usages plays a gate with portfolios.
type usages []tally.Usage

func (u usages) Portfolios() []tally.Usage { return u }

func TestBudgetsOverTheAPI(t *testing.T) {
	b := newBench(t)
	if list, err := b.client(Viewer).Budgets(t.Context()); err != nil || list.Portfolios == nil || len(list.Portfolios) != 0 {
		t.Errorf("without portfolios the list is %+v, %v", list, err)
	}
	want := usages{{Portfolio: "acme", Unique: 250, Within: "24h0m0s", Used: 249, Left: 1, Next: noon}}
	b.server.budgets = want
	if list, err := b.client(Viewer).Budgets(t.Context()); err != nil || !reflect.DeepEqual(list.Portfolios, []tally.Usage(want)) {
		t.Errorf("the list is %+v, %v, want %+v", list, err, want)
	}
}
