import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import { drive } from "./drive.mjs";

const [region, credentials] = ["us-east-1", { accessKeyId: process.env.ACCESS_KEY, secretAccessKey: process.env.SECRET_KEY }];

await drive((gate) => {
  const client = new SESv2Client({ region, credentials, endpoint: gate });
  return async (to) => {
    const sent = await client.send(new SendEmailCommand({ FromEmailAddress: "table@example.com", Destination: { ToAddresses: to },
      Content: { Simple: { Subject: { Data: "Your table" }, Body: { Text: { Data: "It is ready." } } } } }));
    return { id: sent.MessageId, shows: "nothing" };
  };
}, (e) => ({ name: e.name, status: e.$metadata?.httpStatusCode }));
