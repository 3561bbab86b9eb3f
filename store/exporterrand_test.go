package store

// CleanErrands removes what would be removed by and by of errands that are done.
func CleanErrands(s *Store) error { return s.errands.clean() }

// RewriteErrands has every file of errands written anew.
func RewriteErrands(s *Store) error {
	last, err := s.errands.roll()
	for number := s.errands.oldest(); err == nil && number < last; number = s.errands.oldest() {
		err = s.errands.cleanFirst(number)
	}
	return err
}

// OpenErrands opens the errands alone, which is quick.
func OpenErrands(cfg Config) (*Store, error) {
	s := newStore(cfg)
	s.keys = newKeys(nil)
	return s, s.openErrands()
}

// CloseErrands is the opposite of OpenErrands.
func CloseErrands(s *Store) { s.errands.Close() }

// ExpireErrands ends what would be ended by and by.
func ExpireErrands(s *Store) { s.errands.expire() }

// RollErrands begins another file of errands.
func RollErrands(s *Store) error {
	_, err := s.errands.roll()
	return err
}

// LoseErrandsFolder has syncing the folder of errands fail.
func LoseErrandsFolder(s *Store) (found func()) {
	dir := s.errands.host.Dir
	s.errands.host.Dir += ".lost"
	return func() { s.errands.host.Dir = dir }
}
