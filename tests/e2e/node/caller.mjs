// Reads one call a line ({"operation", "request"}) and answers one line each ({"answer"} or {"error"}).
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.env.APPFLOW_NODE_CLIENT}/`);
const appflow = require("@aws-sdk/client-appflow");
const client = new appflow.AppflowClient({ maxAttempts: 1 });

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, request } = JSON.parse(line);
  let reply;
  try {
    const { $metadata, ...answer } = await client.send(new appflow[`${operation}Command`](request));
    reply = { answer };
  } catch (error) {
    reply = { error: { name: error.name, message: error.message } };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
