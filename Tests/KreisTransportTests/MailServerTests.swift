// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisTransport
import NIOCore
import Synchronization
import Testing

/// Handing a mail over, to a server that speaks SMTP over real sockets.
@Suite struct MailServerTests {
  /// What a server was told.
  private final class Told: Sendable {
    private let text = Mutex("")

    var lines: [String] { text.withLock { $0 }.components(separatedBy: "\r\n") }

    func add(_ line: String) { text.withLock { $0 += line + "\r\n" } }
  }

  /// Takes one mail, or answers `refusing` to the command that begins so.
  private static func script(
    _ connection: ScriptedConnection, _ told: Told, refusing: String? = nil
  ) async throws {
    var pending = ""
    func line() async throws -> String? {
      while true {
        if let end = pending.range(of: "\r\n") {
          let line = String(pending[..<end.lowerBound])
          pending.removeSubrange(..<end.upperBound)
          told.add(line)
          return line
        }
        guard let piece = try await connection.read() else { return nil }
        pending += String(buffer: piece)
      }
    }
    try await connection.write("220 mail.example.org ESMTP\r\n")
    while let command = try await line() {
      if let refusing, command.hasPrefix(refusing) {
        try await connection.write("550 5.1.1 Not here\r\n")
        continue
      }
      switch command.prefix(4) {
      case "EHLO":
        try await connection.write("250-mail.example.org\r\n250 AUTH PLAIN LOGIN\r\n")
      case "AUTH":
        if command.split(separator: " ").count < 3 {
          try await connection.write("334 \r\n")
          _ = try await line()
        }
        try await connection.write("235 2.7.0 Welcome\r\n")
      case "DATA":
        try await connection.write("354 Go on\r\n")
        while let text = try await line(), text != "." {}
        try await connection.write("250 2.0.0 Taken\r\n")
      case "QUIT":
        try await connection.write("221 Bye\r\n")
        return
      default: try await connection.write("250 Fine\r\n")
      }
    }
  }

  private static let message = Array(
    "Subject: Probe\r\n\r\nHallo\r\n.Punkt am Anfang\r\n".utf8)

  private func send(_ server: MailServer) async throws {
    try await Self.onThread {
      try server.send(
        Self.message, from: "kreisnetz@example.org",
        to: ["selma@example.org", "jan@example.org"])
    }
  }

  private static func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
  }

  @Test func `A mail arrives whole, over TLS and with a password`() async throws {
    let identity = try TestIdentity()
    let told = Told()
    try await withScriptedServer(identity.configuration()) { connection in
      try await Self.script(connection, told)
    } body: { port in
      try await identity.withFile { file in
        let server = MailServer(
          url: "smtps://127.0.0.1:\(port)",
          login: .init(user: "kreisnetz", password: "drei kleine Wörter"), caFile: file)
        try await send(server)
      }
    }
    let lines = told.lines
    #expect(lines.contains { $0.hasPrefix("AUTH PLAIN") })
    #expect(lines.contains { $0.hasPrefix("MAIL FROM:<kreisnetz@example.org>") })
    #expect(lines.contains { $0.hasPrefix("RCPT TO:<selma@example.org>") })
    #expect(lines.contains { $0.hasPrefix("RCPT TO:<jan@example.org>") })
    // A line that begins with a full stop does not end the mail.
    #expect(lines.contains("Hallo") && lines.contains("..Punkt am Anfang"))
  }

  @Test func `Nothing is said to a server that is not trusted, or without TLS elsewhere`()
    async throws
  {
    let identity = try TestIdentity()
    let told = Told()
    try await withScriptedServer(identity.configuration()) { connection in
      try await Self.script(connection, told)
    } body: { port in
      let server = MailServer(url: "smtps://127.0.0.1:\(port)", login: nil, caFile: nil)
      await #expect(throws: MailError.self) { try await send(server) }
    }
    try await withScriptedServer(nil) { connection in
      try await Self.script(connection, told)
    } body: { port in
      // Another spelling of this machine, which is taken for any other.
      let server = MailServer(
        url: "smtp://127.1:\(port)", login: .init(user: "kreisnetz", password: "geheim geheim"),
        caFile: nil)
      await #expect(throws: MailError.self) { try await send(server) }
      #expect(!told.lines.contains { $0.hasPrefix("AUTH") || $0.hasPrefix("MAIL") })
      try await send(MailServer(url: "smtp://127.0.0.1:\(port)", login: nil, caFile: nil))
    }
    #expect(told.lines.contains("Hallo"))
  }

  @Test func `A refusal says what the server said`() async throws {
    try await withScriptedServer(nil) { connection in
      try await Self.script(connection, Told(), refusing: "RCPT")
    } body: { port in
      let server = MailServer(url: "smtp://127.0.0.1:\(port)", login: nil, caFile: nil)
      let error = await #expect(throws: MailError.self) { try await send(server) }
      #expect(error?.description.contains("550") == true)
    }
    let port = try await unusedPort()
    let gone = MailServer(url: "smtp://127.0.0.1:\(port)", login: nil, caFile: nil)
    let error = await #expect(throws: MailError.self) { try await send(gone) }
    #expect(error?.description.contains("smtp://127.0.0.1:\(port)") == true)
  }
}
