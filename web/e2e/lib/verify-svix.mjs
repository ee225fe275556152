// Whether svix accepts a webhook: { secret, headers, body } as JSON on standard input, the body in
// base64. Ends with 0 when it does.
import { Webhook } from 'svix';

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { secret, headers, body } = JSON.parse(Buffer.concat(chunks).toString());
new Webhook(secret).verify(Buffer.from(body, 'base64').toString(), headers);
