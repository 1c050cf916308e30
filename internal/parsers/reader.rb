# Reads a JSON list of messages (base64) from standard input with ruby's mail,
# and prints what it saw.
require "json"
require "mail"

def box(mail, field)
  return { Name: "", Address: "" } unless mail[field]
  address, more = mail[field].addrs
  raise "more than one address in #{field}" if more
  { Name: address.display_name.to_s, Address: address.address }
end

def leaves(part)
  part.multipart? ? part.parts.flat_map { |p| leaves(p) } : [part]
end

def read(raw)
  mail = Mail.read_from_string(raw)
  all = leaves(mail)
  parts = all.map do |p|
    file = p.content_disposition.to_s != ""
    content = p.body.decoded.b
    content = content.gsub(/\r?\n/n, "\r\n") if !file && p.main_type == "text"
    { Type: p.mime_type, Name: p.filename.to_s, CID: p.content_id.to_s.delete("<>"),
      Inline: p.content_disposition.to_s.start_with?("inline"), Content: [content].pack("m0") }
  end
  { From: box(mail, :from), To: box(mail, :to), ReplyTo: box(mail, :reply_to), Subject: mail.subject.to_s,
    Names: mail.header.fields.map { |f| f.name.downcase }.sort, Parts: parts,
    Defects: ([mail] + all).uniq.flat_map(&:errors).map(&:to_s) }
rescue StandardError => e
  { Defects: [e.inspect] }
end

puts JSON.generate(JSON.parse($stdin.read).map { |m| read(m.unpack1("m")) })
