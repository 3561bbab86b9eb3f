// Sends one SMS with the official twilio package.
//
//	GATE_URL=http://127.0.0.1:8080/twilio [AUTO_RETRY=1] node twilio.mjs RECIPIENT
//
// GATE_URL stands in for https://api.twilio.com: the baseUrl of the api domain is all that changes. Without it
// nothing does, and HTTP_PROXY leads to the gate.
import twilio from "twilio";
import { report } from "./report.mjs";

const client = twilio("AC0123456789abcdef0123456789abcdef", "secret", {
  autoRetry: process.env.AUTO_RETRY === "1",
});
if (process.env.GATE_URL) client.api.baseUrl = process.env.GATE_URL;

await report(async () => {
  const message = await client.messages.create({
    to: process.argv[2],
    from: "+15005550006",
    body: "Your table is ready.",
  });
  return { id: message.sid, status: message.status, to: message.to, segments: message.numSegments };
});
