import twilio from "twilio";
import { drive } from "./drive.mjs";

await drive((gate) => {
  const client = twilio("AC0123456789abcdef0123456789abcdef", "secret");
  if (gate) client.notify.baseUrl = gate;
  return async (to) => {
    const toBinding = to.map((address) => JSON.stringify({ binding_type: "sms", address }));
    const sent = await client.notify.v1.services("IS0123456789abcdef0123456789abcdef").notifications.create({ toBinding, body: "Your table is ready." });
    return { id: sent.sid, shows: "nothing" };
  };
});
