import { SinchClient } from "@sinch/sdk-core";
import { createServer } from "node:http";
import { drive } from "./drive.mjs";

const credentials = { projectId: "project", keyId: "key", keySecret: "secret" };

// In the place of auth.sinch.com, which sends nothing to anybody.
const auth = createServer((_, res) => res.setHeader("Content-Type", "application/json").end('{"access_token":"token","expires_in":3600}'));
await new Promise((ready) => auth.listen(0, "127.0.0.1", ready));
const authHostname = `http://127.0.0.1:${auth.address().port}`;

await drive((gate) => {
  const client = new SinchClient({ ...credentials, authHostname, conversationHostname: gate });
  return async ([to]) => {
    const sent = await client.conversation.messages.send({ sendMessageRequestBody: {
      app_id: "01EXAMPLEAPP", recipient: { identified_by: { channel_identities: [{ channel: "SMS", identity: to }] } },
      message: { text_message: { text: "Your table is ready." } },
    } });
    return { id: sent.message_id };
  };
}, (e) => ({ code: e.data && JSON.parse(e.data).error?.status, message: e.data ?? e.message }));
