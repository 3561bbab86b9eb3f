import plivo from "plivo";
import { drive } from "./drive.mjs";

const [id, token] = ["MA0123456789ABCDEFGH", "token"];

await drive((gate) => {
  const client = gate ? new plivo.Client(id, token, { url: gate + id }) : new plivo.Client(id, token);
  return async (to) => {
    const sent = await client.messages.create({ src: "+15005550006", dst: to.join("<"), text: "Your table is ready." });
    return { id: sent.messageUuid[0], shows: "invalid_number: " + sent.invalid_number };
  };
});
