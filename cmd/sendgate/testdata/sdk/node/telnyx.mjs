import Telnyx from "telnyx";
import { drive } from "./drive.mjs";

const apiKey = "key";

await drive((gate) => {
  const client = new Telnyx({ apiKey, baseURL: gate });
  return async ([to]) => {
    const sent = await client.messages.send({ from: "+15005550006", to, text: "Your table is ready." });
    return { id: sent.data.id };
  };
}, (e) => ({ code: e.error?.errors?.[0].code }));
