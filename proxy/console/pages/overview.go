package pages

import "github.com/sendgate/sendgate/proxy/console"

var overviewPages = []page{
	{"GET", "/{$}", console.Viewer, (*Pages).overview},
}

func (p *Pages) overview(v *visit) error {
	routes, brands, err := v.api.Routes(v.ctx())
	if err != nil {
		return err
	}
	return v.show("overview", struct{ Routes, Brands []string }{routes, brands})
}
