package pages

import (
	"net/http"

	"github.com/sendgate/sendgate/proxy/console"
)

var configurationPages = []page{
	{"GET", "/configuration", console.Admin, (*Pages).configuration},
	{"POST", "/configuration/reload", console.Admin, (*Pages).reload},
}

// A configurationView is what the page of the configuration shows.
type configurationView struct {
	console.Configuration
	Reload, Restart int // how many differences each would take over
	Refused         *console.Error
}

func (p *Pages) configuration(v *visit) error { return v.configuration(http.StatusOK, nil) }

// configuration shows what is in force beside the file, below why a reload was refused.
func (v *visit) configuration(status int, why *console.Error) error {
	c, err := v.api.Configuration(v.ctx())
	if err != nil {
		return err
	}
	shown := configurationView{Configuration: c, Refused: why}
	for _, d := range c.Differences {
		if d.Restart {
			shown.Restart++
		} else {
			shown.Reload++
		}
	}
	return v.showAs(status, "configuration", &shown)
}

// reload has the gate read its file again.
func (p *Pages) reload(v *visit) error {
	err := v.api.Reload(v.ctx())
	if e := refused(err); e != nil {
		return v.configuration(e.Status, e)
	}
	if err != nil {
		return err
	}
	return v.done("/configuration", "configuration-reloaded")
}
