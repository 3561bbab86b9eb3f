package providers

import "github.com/valyala/fasthttp"

// Signals reads what people write, and what became of texts.
func (awsSMS) Signals(req *fasthttp.Request) ([]Signal, error) { return awsTextSignals(req) }
