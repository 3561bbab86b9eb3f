package providers

import "github.com/valyala/fasthttp"

// Signals reads what people write.
func (awsPinpoint) Signals(req *fasthttp.Request) ([]Signal, error) { return awsTextSignals(req) }
