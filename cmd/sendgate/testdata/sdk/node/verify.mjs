// Checks calls of a provider as their owner would: with the validators of the twilio package and of
// @kapso/whatsapp-cloud-api, unmodified.
//
//	SECRET=… node verify.mjs < calls.json
//
// Each call is {"provider","method","url","type","signature","body"}. Printed is one array that says
// of each whether it is accepted, and what the client reads of a WhatsApp call.
import twilio from "twilio";
import { normalizeWebhook, verifySignature } from "@kapso/whatsapp-cloud-api/server";
import { text } from "node:stream/consumers";

const secret = process.env.SECRET;

// params is a form as Express reads one: a name that is there twice has an array.
function params(body) {
  const read = {};
  for (const [name, value] of new URLSearchParams(body)) {
    read[name] = name in read ? [].concat(read[name], value) : value;
  }
  return read;
}

function check({ provider, method, url, type, signature, body }) {
  if (provider === "whatsapp") {
    const good = verifySignature({ appSecret: secret, rawBody: body, signatureHeader: signature });
    const read = normalizeWebhook(JSON.parse(body));
    return { good, texts: read.messages.map((m) => m.text?.body ?? ""), statuses: read.statuses.map((s) => s.status) };
  }
  if (type.startsWith("application/json")) {
    return { good: twilio.validateRequestWithBody(secret, signature, url, body) };
  }
  return { good: twilio.validateRequest(secret, signature, url, method === "GET" ? {} : params(body)) };
}

console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(check)));
