package providers

import (
	"encoding/json"
	"strings"

	"github.com/sendgate/sendgate/filter"
)

// ratings are the events of a business number that say how its quality is. ONBOARDING and
// THROUGHPUT_UPGRADE, which are those that Meta still documents, say nothing about it.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/phone_number_quality_update
var ratings = map[string]bool{"FLAGGED": true, "DOWNGRADE": true, "UNFLAGGED": false, "UPGRADE": false}

// rating reads how a business number is rated.
func (c *metaChange) rating() ([]Signal, error) {
	var v struct {
		metaSender
		Event   string `json:"event"`
		Current string `json:"current_limit"`
		Daily   string `json:"max_daily_conversations_per_business"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return nil, err
	}
	low, says := ratings[v.Event]
	if !says {
		return nil, nil
	}
	s := Signal{Kind: Quality, Time: unixTime(c.time), Low: low, Detail: v.Event}
	v.name(&s)
	if s.Display == "" && s.Sender == "" {
		return nil, nil
	}
	for _, limit := range []string{v.Current, v.Daily} {
		if strings.HasPrefix(limit, "TIER_") && len(limit) < 40 {
			s.Detail += ", " + limit
			break
		}
	}
	s.ID = digest(c.Field, string(c.account), s.Sender, s.Display, s.Detail, string(c.time))
	return []Signal{s}, nil
}

// template reads that a template is rated or categorised anew. That it is going to be moved is not
// that it was: Meta tells again when it is.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/template_category_update
func (c *metaChange) template() ([]Signal, error) {
	var v struct {
		Template string `json:"message_template_name"`
		Language string `json:"message_template_language"`
		Score    string `json:"new_quality_score"`
		Before   string `json:"previous_quality_score"`
		Previous string `json:"previous_category"`
		Category string `json:"new_category"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return nil, err
	}
	s := Signal{Kind: Quality, Time: unixTime(c.time), Template: v.Template, Language: v.Language, Detail: short(v.Score)}
	if c.Field == "template_category_update" {
		var category filter.Category
		if v.Previous == "" || category.UnmarshalText([]byte(strings.ToLower(v.Category))) != nil {
			return nil, nil
		}
		s.Kind, s.Category, s.Detail, s.Sender = TemplateMoved, category, short(v.Category), string(c.account)
	}
	if v.Template == "" || s.Detail == "" {
		return nil, nil
	}
	s.Low = s.Detail == "RED"
	s.ID = digest(c.Field, string(c.account), s.Template, s.Language, v.Before, v.Previous, s.Detail, string(c.time))
	return []Signal{s}, nil
}

// A metaSender is how Meta names the business's side of a conversation.
type metaSender struct {
	Display loose `json:"display_phone_number"`
	ID      loose `json:"phone_number_id"`
}

// name has s say the sender.
func (m metaSender) name(s *Signal) {
	s.Sender = string(m.ID)
	written := strings.TrimPrefix(strings.TrimSpace(string(m.Display)), "+")
	if number, err := filter.Number("+"+written, ""); err == nil {
		s.Display = number
	}
}
