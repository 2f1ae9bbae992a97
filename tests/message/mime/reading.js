// Read messages as two mail readers do: a line of base64 in, a line of JSON out.
"use strict";
const readline = require("node:readline");
const { simpleParser } = require("mailparser");

const plain = { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, skipTextLinks: true };
const base64 = (content) => Buffer.from(content).toString("base64");
const boxes = (field) => (field ? field.value.map((box) => [box.name, box.address]) : []);

async function postalMime(octets) {
  const { default: PostalMime } = await import("postal-mime");
  const read = await PostalMime.parse(octets, { forceRfc822Attachments: true });
  return {
    from: [[read.from.name, read.from.address]],
    to: (read.to || []).map((box) => [box.name, box.address]),
    cc: (read.cc || []).map((box) => [box.name, box.address]),
    subject: read.subject || "",
    text: read.text || "",
    html: read.html || "",
    messageId: read.messageId,
    files: read.attachments.map((file) => [file.filename, file.mimeType, base64(file.content)]),
    names: read.headers.map((header) => header.key),
  };
}

async function mailparser(octets) {
  const read = await simpleParser(octets, plain);
  return {
    from: boxes(read.from),
    to: boxes(read.to),
    cc: boxes(read.cc),
    subject: read.subject || "",
    text: read.text || "",
    html: read.html || "",
    messageId: read.messageId,
    files: read.attachments.map((file) => [file.filename || null, file.contentType, base64(file.content)]),
    names: read.headerLines.map((header) => header.key),
  };
}

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const octets = Buffer.from(line, "base64");
  const said = { "postal-mime": await postalMime(octets), mailparser: await mailparser(octets) };
  process.stdout.write(JSON.stringify(said) + "\n");
});
