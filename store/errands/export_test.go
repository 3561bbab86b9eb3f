package errands

// Clean removes what would be removed by and by of errands that are done.
func Clean(j *Journal) error { return j.clean() }

// Expire ends what would be ended by and by.
func Expire(j *Journal) { j.expire() }

// Roll begins another file.
func Roll(j *Journal) error {
	_, err := j.roll()
	return err
}

// Rewrite has every file written anew.
func Rewrite(j *Journal) error {
	last, err := j.roll()
	for number := j.oldest(); err == nil && number < last; number = j.oldest() {
		err = j.cleanFirst(number)
	}
	return err
}

// LoseFolder has syncing the folder fail.
func LoseFolder(j *Journal) (found func()) {
	dir := j.host.Dir
	j.host.Dir += ".lost"
	return func() { j.host.Dir = dir }
}
