// What HTTP alone costs: takes a body and drops it, and answers as many bytes as the header X-Answer-Bytes says.
import { createServer } from 'node:http';

const bytes = Buffer.alloc(4 * 1024 * 1024, ' ');

createServer((request, response) => {
  request.resume().on('end', () => {
    let left = Number(request.headers['x-answer-bytes'] ?? 0);
    response.setHeader('content-length', left);
    for (; left > bytes.length; left -= bytes.length) response.write(bytes);
    response.end(bytes.subarray(0, left));
  });
}).listen(Number(process.env.PORT), process.env.HOST);
process.once('SIGTERM', () => {
  process.exit(0);
});
