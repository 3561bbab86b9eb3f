package pages

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/sendgate/sendgate/proxy/console"
)

const (
	// keptRuns is how many imports and lists judged are remembered, and keptProblems how many lines of the report of each.
	keptRuns     = 20
	keptProblems = 5000
	// fileLife is how long a file can be used again, and mostKept how much of the disk such files may take, in bytes.
	fileLife = 30 * time.Minute
	mostKept = 8 << 30
)

// A run is an import or a list that is judged: what it is doing, or did. It goes on when its page is closed, and
// is forgotten with the process.
type run struct {
	id, by string // by: who began it
	began  time.Time
	file   *kept // nil: it is not there any more

	mu       sync.Mutex
	name     string     // of the file
	fields   url.Values // what it was asked to do, as the form says; it is not changed but replaced
	state    runState
	problems []console.ImportLine
	erased   []erasure // since it began, until it ends
}

// A runState is how far a run is. It is a value that pages read.
type runState struct {
	Running bool
	Ended   time.Time
	Import  console.ImportLine     // the last line about all of an import
	List    console.PreflightLine  // the last line about all of a list
	Sum     *console.Forecast      // of a list that was judged whole
	Rows    []console.PreflightRow // those that could not be read
	Problem string                 // why it ended early; empty: it did not
	More    int                    // problems beyond those that are kept
	HasFile bool
	refused *console.Error // what was asked for was not understood
}

// runs are the last runs of one kind. Its zero value is ready, and safe for concurrent use.
type runs struct {
	mu  sync.Mutex
	all []*run // the newest last
}

// begin remembers a new run.
func (rs *runs) begin(r *run) *run {
	r.id = rand.Text()
	r.state.Running, r.state.HasFile = true, r.file != nil
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = append(rs.all, r)
	return r
}

// trim forgets the oldest that have ended where there are many, and lets go of the files of the oldest where they take
// much. It is done once one more has ended that was not turned away, which is to cost nobody anything.
func (rs *runs) trim() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for len(rs.all) > keptRuns {
		i := slices.IndexFunc(rs.all, func(r *run) bool { return r.turnedAway() && !r.now().HasFile })
		if i < 0 {
			i = slices.IndexFunc(rs.all, func(r *run) bool { return !r.now().Running })
		}
		if i < 0 {
			break
		}
		rs.all[i].drop()
		rs.all = slices.Delete(rs.all, i, i+1)
	}
	takes := int64(0)
	for _, old := range slices.Backward(rs.all) {
		if s := old.now(); s.Running || !s.HasFile {
			continue
		}
		if takes += old.file.size; takes > mostKept {
			old.drop()
		}
	}
}

// forget takes r out.
func (rs *runs) forget(r *run) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.all = slices.DeleteFunc(rs.all, func(o *run) bool { return o == r })
}

// find is the run with an id; nil where there is none.
func (rs *runs) find(id string) *run {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if i := slices.IndexFunc(rs.all, func(r *run) bool { return r.id == id }); i >= 0 {
		return rs.all[i]
	}
	return nil
}

// list is all runs, the newest first, of one person or, where by is empty, of everybody.
func (rs *runs) list(by string) (all []*run) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range slices.Backward(rs.all) {
		if by == "" || r.by == by {
			all = append(all, r)
		}
	}
	return all
}

// now is how far r is.
func (r *run) now() runState {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	s.Rows = slices.Clip(s.Rows)
	return s
}

// set changes how far r is.
func (r *run) set(change func(*runState)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.state)
	for i := range r.erased {
		r.erased[i].state(&r.state)
	}
	if !r.state.Running {
		r.erased = nil
	}
}

// asked is what its file is called, and what r was asked to do with it.
func (r *run) asked() (name string, fields url.Values) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.name, r.fields
}

// report is the problems of an import that are kept.
func (r *run) report() []console.ImportLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.problems)
}

// drop lets go of the file.
func (r *run) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.HasFile && r.file != nil {
		r.file.drop()
	}
	r.state.HasFile = false
}

// end takes down the end of r, with the error of what did it, and for how long the file can be used again.
func (r *run) end(now time.Time, err error, again bool) {
	r.set(func(s *runState) {
		if s.Running, s.Ended = false, now; err != nil {
			s.Problem = err.Error()
		}
		again = again && r.erased == nil
	})
	if !again {
		r.drop()
	} else {
		time.AfterFunc(fileLife, r.drop)
	}
}

// turnedAway reports whether r was refused because of others at that moment.
func (r *run) turnedAway() bool {
	s := r.now()
	return s.refused != nil && s.refused.Status == http.StatusTooManyRequests
}

// hand gives the file of r away, to the next run that reads it; nil where it is gone.
func (r *run) hand() *kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.Running || !r.state.HasFile {
		return nil
	}
	r.state.HasFile = false
	return r.file
}

// errNoRun is for an address of a run that is forgotten.
func errNoRun(v *visit) error {
	return &console.Error{Status: http.StatusNotFound, Message: v.t("upload.forgotten")}
}
