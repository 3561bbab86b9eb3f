import { Vonage } from "@vonage/server-sdk";
import { drive } from "./drive.mjs";

const auth = { apiKey: "key", apiSecret: "secret" };

await drive((gate) => {
  const client = new Vonage(auth, { restHost: gate });
  return async ([to]) => {
    const sent = await client.sms.send({ to, from: "Table", text: "Your table is ready." });
    return { id: sent.messages[0].messageId };
  };
}, async (e) => {
  const failed = e.response?.messages?.[0];
  return { code: failed?.status, message: failed?.errorText ?? (await e.response?.text()) ?? e.message };
});
