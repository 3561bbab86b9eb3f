import { SNSClient, PublishCommand } from "@aws-sdk/client-sns";
import { drive } from "./drive.mjs";

const [region, credentials] = ["us-east-1", { accessKeyId: process.env.ACCESS_KEY, secretAccessKey: process.env.SECRET_KEY }];

await drive((gate) => {
  const client = new SNSClient({ region, credentials, endpoint: gate });
  return async ([to]) => {
    const sent = await client.send(new PublishCommand({ PhoneNumber: to, Message: "Your table is ready." }));
    return { id: sent.MessageId };
  };
}, (e) => ({ name: e.name, status: e.$metadata?.httpStatusCode }));
