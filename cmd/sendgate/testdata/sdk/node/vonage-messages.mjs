import { Vonage } from "@vonage/server-sdk";
import { drive } from "./drive.mjs";

const auth = { apiKey: "key", apiSecret: "secret" };

await drive((gate) => {
  const client = new Vonage(auth, { apiHost: gate });
  return async ([to]) => {
    const sent = await client.messages.send({ channel: "sms", messageType: "text", to, from: "Table", text: "Your table is ready." });
    return { id: sent.messageUUID };
  };
}, async (e) => {
  const body = await e.response?.text();
  return { code: body && JSON.parse(body).type?.split("#")[1], message: body ?? e.message };
});
