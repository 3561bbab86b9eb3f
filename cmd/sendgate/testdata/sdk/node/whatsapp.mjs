// Sends one WhatsApp message with @kapso/whatsapp-cloud-api, a maintained client of Meta's Cloud
// API whose base URL is an option. The official SDK is archived and takes a host name only, with
// TLS on port 443; whatsapp-api-js fixes the host; it and @great-detail/whatsapp need Node 22.
//
//	GATE_URL=http://127.0.0.1:8080/whatsapp node whatsapp.mjs RECIPIENT [TEMPLATE]
//
// GATE_URL stands in for https://graph.facebook.com. With TEMPLATE a template message is sent,
// else a text.
import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { need, report } from "./report.mjs";

const client = new WhatsAppClient({ baseUrl: need("GATE_URL"), accessToken: "token", graphVersion: "v25.0" });
const [to, template] = process.argv.slice(2);
const phoneNumberId = "106540352242922";

await report(async () => {
  const sent = template
    ? await client.messages.sendTemplate({ phoneNumberId, to, template: { name: template, language: { code: "en_US" } } })
    : await client.messages.sendText({ phoneNumberId, to, body: "Your table is ready." });
  return { id: sent.messages[0].id, to: sent.contacts[0].input };
});
