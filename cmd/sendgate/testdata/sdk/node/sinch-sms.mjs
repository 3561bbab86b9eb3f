import { SinchClient } from "@sinch/sdk-core";
import { drive } from "./drive.mjs";

const [servicePlanId, apiToken] = ["plan", "token"];

await drive((gate) => {
  const client = new SinchClient({ servicePlanId, apiToken, smsHostname: gate });
  return async (to) => {
    const sent = await client.sms.batches.sendTextMessage({ sendSMSRequestBody: { to, from: "Table", body: "Your table is ready." } });
    return { id: sent.id, shows: "to: " + sent.to };
  };
}, (e) => ({ code: e.data && JSON.parse(e.data).code, message: e.data ?? e.message }));
