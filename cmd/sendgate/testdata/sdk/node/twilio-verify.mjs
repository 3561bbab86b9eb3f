import twilio from "twilio";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const client = twilio("AC0123456789abcdef0123456789abcdef", "secret");
  if (gate) client.verify.baseUrl = gate;
  return async ([to]) => {
    const sent = await client.verify.v2.services("VA0123456789abcdef0123456789abcdef").verifications.create({ to, channel: "sms" });
    return { id: sent.sid };
  };
});
