import twilio from "twilio";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const client = twilio("AC0123456789abcdef0123456789abcdef", "secret", { autoRetry: process.env.AUTO_RETRY === "1" });
  if (gate) client.api.baseUrl = gate;
  return async ([to]) => {
    const sent = await client.messages.create({ to, from: "+15005550006", body: "Your table is ready." });
    return { id: sent.sid };
  };
});
