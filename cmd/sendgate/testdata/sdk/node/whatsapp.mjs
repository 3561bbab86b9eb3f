// The official SDK is archived and takes a host name only, with TLS on port 443; whatsapp-api-js fixes the host; it
// and @great-detail/whatsapp need Node 22.
import { WhatsAppClient } from "@kapso/whatsapp-cloud-api";
import { drive } from "./drive.mjs";

const accessToken = "token";

await drive((gate) => {
  const client = new WhatsAppClient({ accessToken, baseUrl: gate });
  return async ([to]) => {
    const sent = await client.messages.sendText({ phoneNumberId: "106540352242922", to, body: "Your table is ready." });
    return { id: sent.messages[0].id };
  };
}, (e) => ({ message: `${e.message} ${e.details ?? ""}` }));
