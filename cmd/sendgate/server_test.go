package main

import (
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
)

// A hangup and POST /reload may come at once: whoever is taken out of the file between the two stays out.
func TestReloadsFollowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, inForce := "with mallory", ""
		slow := make(chan struct{})
		reload := reloader(prometheus.NewRegistry(), func() error {
			read := file
			if read == "with mallory" {
				<-slow
			}
			inForce = read
			return nil
		})
		ask := func() {
			go func() {
				if err := reload(); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		ask()
		file = "without mallory"
		ask()
		close(slow)
		synctest.Wait()
		if inForce != "without mallory" {
			t.Errorf("in force at the end is the file %s", inForce)
		}
	})
}
