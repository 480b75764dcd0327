// SPDX-License-Identifier: EUPL-1.2

import Foundation
import Glibc
import KreisInterchange
import Synchronization
import Testing

/// The digest of a real daemon, sent to a mail server on this machine.
@Suite(.timeLimit(.minutes(3))) struct DigestMailTests {
  /// Takes mails, one connection after the other.
  private final class MailSink: Sendable {
    let port: Int
    private let descriptor: Int32
    private let mails = Mutex<[String]>([])

    var taken: [String] { mails.withLock { $0 } }

    init() throws {
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      descriptor = listener
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(listener, $0, length) == 0 && listen(listener, 8) == 0
            && getsockname(listener, $0, &length) == 0
        }
      }
      try #require(isBound)
      port = Int(UInt16(bigEndian: address.sin_port))
    }

    func run() {
      Thread.detachNewThread { [self] in
        while case let connection = accept(descriptor, nil, nil), connection >= 0 {
          serve(connection)
          Glibc.close(connection)
        }
      }
    }

    func stop() {
      shutdown(descriptor, Int32(SHUT_RDWR))
      Glibc.close(descriptor)
    }

    private func serve(_ connection: Int32) {
      func say(_ text: String) {
        _ = text.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
      }
      var pending = ""
      func line() -> String? {
        while true {
          if let end = pending.range(of: "\r\n") {
            defer { pending.removeSubrange(..<end.upperBound) }
            return String(pending[..<end.lowerBound])
          }
          var buffer = [UInt8](repeating: 0, count: 4_096)
          let count = recv(connection, &buffer, buffer.count, 0)
          guard count > 0 else { return nil }
          pending += String(decoding: buffer[..<count], as: UTF8.self)
        }
      }
      say("220 here\r\n")
      while let command = line() {
        if command.hasPrefix("DATA") {
          say("354 go on\r\n")
          var mail = ""
          while let text = line(), text != "." { mail += text + "\r\n" }
          mails.withLock { $0.append(mail) }
        }
        say(command.hasPrefix("QUIT") ? "221 bye\r\n" : "250 fine\r\n")
        if command.hasPrefix("QUIT") { return }
      }
    }
  }

  private func start(_ kreis: Kreis, _ replica: String = "halver", mailPort: Int) throws {
    try kreis.start(
      replica,
      environment: [
        "KREISNETZ_CONSOLE_LISTEN": "\(try Kreis.freePort())",
        "KREISNETZ_CONSOLE_SIGN_IN": "accounts",
        "KREISNETZ_CONSOLE_URL": "https://kreisnetz.example.org",
        "KREISNETZ_DIGEST_TO": "selma@example.org", "KREISNETZ_DIGEST_FROM": "kn@example.org",
        "KREISNETZ_DIGEST_SMTP": "smtp://127.0.0.1:\(mailPort)",
        "KREISNETZ_DIGEST_WEEKDAY": "workdays", "KREISNETZ_DIGEST_HOUR": "0",
      ])
  }

  /// As if the last one had been sent long ago.
  private func age(_ kreis: Kreis, _ replica: String = "halver") throws {
    let file = kreis.state(replica) + "/digest.json"
    try Data(#"{"done":1,"attempts":0,"last_attempt":0,"failure":null}"#.utf8)
      .write(to: URL(filePath: file))
    chmod(file, 0o600)
  }

  private func text(of mail: String) -> String {
    let body = mail.components(separatedBy: "\r\n\r\n").dropFirst().joined()
    let bytes = Data(base64Encoded: body, options: .ignoreUnknownCharacters) ?? Data()
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `The Kreis is told as well what somebody there must look at`() throws {
    let kreis = try Kreis(towns: 1)
    let sink = try MailSink()
    sink.run()
    defer { sink.stop() }
    try kreis.stop("hub")
    let evidence = kreis.state("hub") + "/evidence"
    try FileManager.default.createDirectory(
      atPath: evidence, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    for side in ["a", "b"] {
      try Data("{}".utf8).write(to: URL(filePath: "\(evidence)/public-7-\(side).json"))
    }
    try age(kreis, "hub")
    try start(kreis, "hub", mailPort: sink.port)
    try Kreis.wait("the mail") { sink.taken.count == 1 }
    let text = text(of: sink.taken[0])
    #expect(text.contains("1 Störung des Hubs\r\n  https://kreisnetz.example.org/kreis"), "\(text)")
    #expect(text.contains("vom Dienst des Kreises") && !text.contains("Halver"))
    #expect(try kreis("hub").succeed("digest").output.contains("1 Störung des Hubs"))
  }

  @Test func `What waits is told once, and a mail server that fails is seen and tried again`()
    throws
  {
    let kreis = try Kreis(towns: 1)
    let sink = try MailSink()
    sink.run()
    let id = try kreis("halver").succeed("add", "organization", "name=Kita Löwenzahn", "--json").id
    try kreis.waitUntilEqual()
    try kreis("hub").succeed("request", id, "city=Halver", "--remark", "Frau Weiß fragt.")
    try kreis.waitUntilEqual()
    try kreis.stop("halver")
    try age(kreis)
    try start(kreis, mailPort: sink.port)
    try Kreis.wait("the mail") { sink.taken.count == 1 }
    let mail = sink.taken[0]
    let text = text(of: mail)
    #expect(text.contains("1 offene Rückmeldung"), "\(mail)")
    #expect(text.contains("https://kreisnetz.example.org/rueckmeldungen"))
    for word in ["Löwenzahn", "Weiß", id] { #expect(!(mail + text).contains(word), "\(word)") }
    let shown = try kreis("halver").succeed("digest").output
    #expect(shown.contains("1 offene Rückmeldung"))

    try kreis.stop("halver")
    try start(kreis, mailPort: sink.port)
    try Kreis.wait("the daemon") { try kreis.status("halver")["daemon"] == .bool(true) }
    #expect(try kreis.status("halver")["link"]?["digest_trouble"] == .null)

    // The mail server is gone.
    try kreis.stop("halver")
    sink.stop()
    try age(kreis)
    try start(kreis, mailPort: sink.port)
    try Kreis.wait("the trouble is told") {
      try kreis.status("halver")["link"]?["digest_trouble"]?.text?.contains("did not take") == true
    }
    #expect(try kreis("halver")("check").output.contains("no digest"))
    #expect(sink.taken.count == 1, "it is told once")
  }
}
