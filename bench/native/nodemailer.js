// node nodemailer.js NODE_MODULES PORT COUNT CONNECTIONS PAYLOAD.json
// Sends through Nodemailer's pool, after a warm-up, and prints what it took as one line of JSON.
'use strict';
const { readFileSync } = require('node:fs');

const [modules, port, count, connections, payloadFile] = process.argv.slice(2);
const nodemailer = require(`${modules}/nodemailer`);
const payload = JSON.parse(readFileSync(payloadFile, 'utf8'));
const attachment = payload.attachment && Buffer.from(payload.attachment, 'base64');

const pool = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  ignoreTLS: true,
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
});

function message(number) {
  return {
    from: payload.sender,
    to: `user${number % 100000}@example.net`,
    subject: `Order ${number} confirmed`,
    text: payload.text,
    html: payload.html || undefined,
    attachments: attachment ? [{ filename: payload.file_name, content: attachment }] : undefined,
  };
}

async function run(messages) {
  let next = 0;
  async function work() {
    while (next < messages) {
      const info = await pool.sendMail(message(next++));
      if (info.accepted.length !== 1) throw new Error(JSON.stringify(info));
    }
  }
  await Promise.all(Array.from({ length: 2 * connections }, work));
}

(async () => {
  await run(payload.warm_up);
  const cpuBefore = process.cpuUsage();
  const before = process.hrtime.bigint();
  await run(Number(count));
  const wall = Number(process.hrtime.bigint() - before) / 1e9;
  const cpu = process.cpuUsage(cpuBefore);
  pool.close();
  console.log(JSON.stringify({ wall, cpu: (cpu.user + cpu.system) / 1e6, peak_kib: process.resourceUsage().maxRSS }));
})();
