package console

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sendgate/sendgate/filter"
	"github.com/sendgate/sendgate/proxy/console/input"
	"github.com/sendgate/sendgate/proxy/console/list"
	"github.com/sendgate/sendgate/proxy/console/notify"
	"github.com/sendgate/sendgate/store"
	"github.com/sendgate/sendgate/store/audit"
	"github.com/sendgate/sendgate/store/decisions"
	"github.com/sendgate/sendgate/store/tally"
)

// The parts of an OpenAPI document that the test looks at.
type openAPIDoc struct {
	Paths map[string]map[string]struct {
		Role       string           `json:"x-role"`
		Security   *[]any           `json:"security"`
		Parameters []openAPIParam   `json:"parameters"`
		Responses  map[string]any   `json:"responses"`
		Body       *json.RawMessage `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Parameters map[string]openAPIParam  `json:"parameters"`
		Schemas    map[string]openAPISchema `json:"schemas"`
	} `json:"components"`
}

type openAPIParam struct {
	Ref  string `json:"$ref"`
	Name string `json:"name"`
	In   string `json:"in"`
}

type openAPISchema struct {
	Properties map[string]any `json:"properties"`
	Enum       []string       `json:"enum"`
}

func readOpenAPI(t *testing.T) openAPIDoc {
	t.Helper()
	text, err := newBench(t).client(Viewer).OpenAPI(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var doc openAPIDoc
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPINamesEveryEndpointAndNoOther(t *testing.T) {
	doc := readOpenAPI(t)
	for _, e := range endpoints {
		op, ok := doc.Paths[e.path][strings.ToLower(e.method)]
		if !ok {
			t.Errorf("%s %s is not documented", e.method, e.path)
			continue
		}
		delete(doc.Paths[e.path], strings.ToLower(e.method))
		if e.role == 0 && (op.Security == nil || len(*op.Security) != 0) {
			t.Errorf("%s %s needs no token, and the document does not say so", e.method, e.path)
		}
		if e.role != 0 && op.Role != e.role.String() {
			t.Errorf("%s %s is documented for the role %q, and needs %s", e.method, e.path, op.Role, e.role)
		}
		var params []string
		for _, p := range op.Parameters {
			if p.Ref != "" {
				p = doc.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
			}
			if p.In == "query" {
				params = append(params, p.Name)
			}
		}
		want := slices.Clone(e.params)
		slices.Sort(want)
		slices.Sort(params)
		if !slices.Equal(params, want) {
			t.Errorf("%s %s: documented %v, understood %v", e.method, e.path, params, want)
		}
	}
	for path, ops := range doc.Paths {
		for method := range ops {
			t.Errorf("%s %s is documented and does not exist", strings.ToUpper(method), path)
		}
	}
}

func TestOpenAPISchemasHaveTheFieldsOfTheirTypes(t *testing.T) {
	doc := readOpenAPI(t)
	for name, types := range map[string][]reflect.Type{
		"Recipient":     {reflect.TypeFor[filter.Recipient]()},
		"Record":        {reflect.TypeFor[filter.Record]()},
		"Event":         {reflect.TypeFor[filter.Event]()},
		"Evidence":      {reflect.TypeFor[filter.Evidence]()},
		"Consent":       {reflect.TypeFor[Consent]()},
		"Notice":        {reflect.TypeFor[Notice]()},
		"ImportLine":    {reflect.TypeFor[ImportLine]()},
		"Summary":       {reflect.TypeFor[Summary]()},
		"Stats":         {reflect.TypeFor[Stats]()},
		"Count":         {reflect.TypeFor[Count]()},
		"Bucket":        {reflect.TypeFor[Bucket](), reflect.TypeFor[Count]()},
		"NamedCount":    {reflect.TypeFor[NamedCount](), reflect.TypeFor[Count]()},
		"OptOutStats":   {reflect.TypeFor[OptOutStats]()},
		"ConsentCount":  {reflect.TypeFor[ConsentCount]()},
		"SourceCount":   {reflect.TypeFor[SourceCount](), reflect.TypeFor[ConsentCount]()},
		"ReasonCount":   {reflect.TypeFor[ReasonCount]()},
		"PreflightLine": {reflect.TypeFor[PreflightLine]()},
		"PreflightRow":  {reflect.TypeFor[PreflightRow]()},
		"Forecast":      {reflect.TypeFor[Forecast]()},
		"ReplayLine":    {reflect.TypeFor[ReplayLine]()},
		"Changed":       {reflect.TypeFor[Changed]()},
		"Example":       {reflect.TypeFor[Example]()},
		"Decision":      {reflect.TypeFor[decisions.Entry](), reflect.TypeFor[Decision]()},
		"Question":      {reflect.TypeFor[Question]()},
		"Judgement":     {reflect.TypeFor[Judgement]()},
		"Explanation":   {reflect.TypeFor[Explanation]()},
		"Proof":         {reflect.TypeFor[Proof]()},
		"Removal":       {reflect.TypeFor[Removal]()},
		"Erasure":       {reflect.TypeFor[store.Erasure]()},
		"Screenshot":    {reflect.TypeFor[Screenshot]()},
		"Head":          {reflect.TypeFor[store.Head]()},
		"LoginLink":     {reflect.TypeFor[LoginLink]()},
		"Link":          {reflect.TypeFor[store.Link]()},
		"Report":        {reflect.TypeFor[store.Report]()},
		"AuditReport":   {reflect.TypeFor[audit.Report]()},
		"Change":        {reflect.TypeFor[store.Change]()},
		"Changes":       {reflect.TypeFor[notify.Changes]()},
		"Lost":          {reflect.TypeFor[store.Lost]()},
		"Suppression":   {reflect.TypeFor[Suppression]()},
		"Suppressions":  {reflect.TypeFor[Suppressions]()},
		"Contacts":      {reflect.TypeFor[ContactList]()},
		"Contact":       {reflect.TypeFor[filter.Contact]()},
		"Budgets":       {reflect.TypeFor[BudgetList]()},
		"Usage":         {reflect.TypeFor[tally.Usage]()},
		"Sent":          {reflect.TypeFor[filter.Sent]()},
		"Configuration": {reflect.TypeFor[Configuration]()},
		"Difference":    {reflect.TypeFor[Difference]()},
		"Tokens":        {reflect.TypeFor[Tokens]()},
		"TokenInfo":     {reflect.TypeFor[TokenInfo]()},
		"TokenRequest":  {reflect.TypeFor[TokenRequest]()},
		"NewToken":      {reflect.TypeFor[NewToken]()},
		"Acts":          {reflect.TypeFor[Acts]()},
		"Act":           {reflect.TypeFor[audit.Act]()},
		"Target":        {reflect.TypeFor[filter.Target]()},
		"Switch":        {reflect.TypeFor[filter.Switch]()},
		"Switches":      {reflect.TypeFor[Switches]()},
		"Pause":         {reflect.TypeFor[Pause]()},
		"Paused":        {reflect.TypeFor[Paused]()},
		"Rating":        {reflect.TypeFor[Rating]()},
		"Circuit":       {reflect.TypeFor[filter.Circuit]()},
		"Circuits":      {reflect.TypeFor[Circuits]()},
		"Pass":          {reflect.TypeFor[store.Pass](), reflect.TypeFor[Pass]()},
		"PassPage":      {reflect.TypeFor[PassPage]()},
		"PassRequest":   {reflect.TypeFor[PassRequest]()},
		"PassGrant":     {reflect.TypeFor[PassGrant]()},
		"PassRefusal":   {reflect.TypeFor[PassRefusal]()},
		"PassChange":    {reflect.TypeFor[PassChange]()},
		"Lifting":       {reflect.TypeFor[Lifting]()},
		"Notified":      {reflect.TypeFor[notify.Status]()},
		"Errand":        {reflect.TypeFor[Errand]()},
		"Errands":       {reflect.TypeFor[Errands]()},
		"Review":        {reflect.TypeFor[Review]()},
		"Retry":         {reflect.TypeFor[Retry]()},
		"Retried":       {reflect.TypeFor[Retried]()},
		"Verdict":       {reflect.TypeFor[Verdict]()},
		"Reviewed":      {reflect.TypeFor[Reviewed]()},

		"ConsentRequest": {reflect.TypeFor[ConsentRequest]()},
		"Dialogues":      {reflect.TypeFor[Dialogues]()},
		"Dialogue":       {reflect.TypeFor[filter.Dialogue](), reflect.TypeFor[Dialogue]()},
		"Line":           {reflect.TypeFor[filter.Line]()},
	} {
		var want, got []string
		for _, typ := range types {
			want = append(want, input.FieldsOf(typ).Names...)
		}
		for field := range doc.Components.Schemas[name].Properties {
			got = append(got, field)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: documented %v, in the code %v", name, got, want)
		}
	}
}

func TestOpenAPIEnumerationsAreTheHousesWords(t *testing.T) {
	doc := readOpenAPI(t)
	words := func(n int, word func(i int) string) (all []string) {
		for i := range n {
			all = append(all, word(i))
		}
		return all
	}
	for name, want := range map[string][]string{
		"Channel": strings.Split(input.Words(input.Channels()), ", "),
		"Preset":  list.Presets(),

		"ActKind":    strings.Split(input.Words(audit.Kinds()), ", "),
		"ActOutcome": strings.Split(input.Words(audit.Outcomes()), ", "),
		"PassState":  words(len(store.PassStates()), func(i int) string { return string(store.PassStates()[i]) }),

		"DialogueState": words(filter.DialogueStates, func(i int) string { return filter.DialogueState(i).String() }),
		"Category":      words(filter.Categories, func(i int) string { return filter.Category(i).String() }),
		"Basis":         words(filter.Bases, func(i int) string { return filter.Basis(i).String() }),
		"Action":        words(filter.Actions, func(i int) string { return filter.Action(i).String() }),
		"Reason":        words(filter.Reasons, func(i int) string { return filter.Reason(i).String() }),
	} {
		if got := doc.Components.Schemas[name].Enum; !slices.Equal(got, want) {
			t.Errorf("%s: documented %v, in the code %v", name, got, want)
		}
	}
}
