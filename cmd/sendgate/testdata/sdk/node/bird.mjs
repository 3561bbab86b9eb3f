import { BirdClient } from "@messagebird/sdk";
import { drive } from "./drive.mjs";

const apiKey = "bk_us1_key"; // whose middle is the region, and part of the host

await drive((gate) => {
  const client = gate ? new BirdClient({ apiKey, baseUrl: gate }) : new BirdClient({ apiKey });
  return async (to) => {
    const messages = to.map((one) => ({ to: one, from: "Table", text: "Your table is ready.", category: "transactional" }));
    if (messages.length === 1) return { id: (await client.sms.send(messages[0])).id };
    const sent = (await client.sms.sendBatch({ messages })).data;
    return { id: sent[0].id, shows: sent.map((one, i) => `${to[i]} ${one.last_error?.code ?? one.status}`).join(", ") };
  };
});
