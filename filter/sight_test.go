package filter

import "testing"

func TestShowsNumber(t *testing.T) {
	for _, text := range []string{
		"complaint of 0151 2345678", "vip-491512345678", "+1 415 555 0100", "sale-14155550100", "(415) 555-0100 called", "415.555.0100",
		"00491512345678", "+49 (0)151/23 45 678", "call of ０１５１－２３４５６７８", "twice: 12 and +14155550100", "tel:+14155550100,2026-11-01",
		"called on 2026/11/22 by 0151/2345678", "22-11-2026 0151-2345678", "2026.11.22 415.555.0100", "0151-20-11-2026", "+45 20-12-2034", "00 01 51 23 45 678",
		"01.23.45.67.89",
	} {
		if !ShowsNumber(text) {
			t.Errorf("%q shows no number", text)
		}
	}
	for _, text := range []string{
		"", "wrong link", "spring-2026", "newsletter-2026-11-01", "since 2026-11-01 14:00, until 2026-11-02 09:30", "from 01.11.2026 on", "11/1/2026 12:30",
		"newsletter 2026/11/22 08:00", "22-11-2026 08:00", "11-22-2026 10:00",
		"2026.11.22-14.00", "wrong prices since 2026/11/22 08:00", "from 22-11-2026 0800 to 23-11-2026 0930", "2026-11-22T0800", "2026/1/2 08.00", "batch 000123456",
		"batch-20261101", "batch-202611011400", "batch-20261101-140000", "campaign-1732233600", "campaign-1732233600000", "23850123456789012",
		"the provider refused 12 of 120 messages within 1h0m0s, the last with code 21610", "ticket 12345678", "1,000,000 messages", "555-0100",
		"550e8400-e29b-41d4-a716-446655440000", "MG00000000000000000000000000000001", "HX12ab", "10 20 30", "2 of 3 + 4 of 5",
	} {
		if ShowsNumber(text) {
			t.Errorf("%q shows a number", text)
		}
	}
}
