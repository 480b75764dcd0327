// SPDX-License-Identifier: EUPL-1.2

import Foundation
package import KreisInterchange

/// The mail that says how much waits and where, and nothing of the directory itself.
package struct DigestMail: Hashable, Sendable {
  /// What is most urgent first; a row has those alone that its replica has.
  private static let items: [(name: String, one: String, many: String, path: String)] = [
    ("troubles", "Störung des Hubs", "Störungen des Hubs", "/kreis"),
    (
      "disagreements", "Aussage einer Kommune, die dem Hub widerspricht",
      "Aussagen von Kommunen, die dem Hub widersprechen", "/kreis/pruefung"
    ),
    (
      "towns", "Kommune still oder lange im Rückstand", "Kommunen still oder lange im Rückstand",
      "/kreis"
    ),
    ("requests", "offene Rückmeldung", "offene Rückmeldungen", "/rueckmeldungen"),
    ("due", "Eintrag zu bestätigen", "Einträge zu bestätigen", "/faellig"),
    ("conflicts", "Angabe zu entscheiden", "Angaben zu entscheiden", "/konflikte"),
    (
      "overdue_erasures", "Löschung nicht rechtzeitig bestätigt",
      "Löschungen nicht rechtzeitig bestätigt", "/loeschungen"
    ),
  ]

  package let subject: String
  package let text: String
  /// Whether there is anything to say.
  package let isEmpty: Bool

  /// - Parameters:
  ///   - row: what the command `digest` answers.
  ///   - console: its address, without slash at its end.
  package init(_ row: JSONValue, console: String) {
    var lines: [String] = []
    var total = 0
    for item in Self.items {
      let count = Int(clamping: row[item.name]?.unsigned ?? 0)
      guard count > 0 else { continue }
      total += count
      lines.append("\(count) \(count == 1 ? item.one : item.many)\n  \(console)\(item.path)")
    }
    let title = row["title"]?.text ?? ""
    let mark = row["training"] == .bool(true) ? "[Schulung] " : ""
    isEmpty = lines.isEmpty
    subject =
      "\(mark)Kreisnetz \(title): "
      + (isEmpty ? "nichts zu tun" : total == 1 ? "ein offener Punkt" : "\(total) offene Punkte")
    text = """
      Guten Tag,

      \(isEmpty ? "im Partnerverzeichnis ist zurzeit nichts zu tun." : "im Partnerverzeichnis wartet:")

      \(lines.isEmpty ? "Zum Verzeichnis:\n  \(console)/" : lines.joined(separator: "\n\n"))

      Diese Nachricht kommt vom Dienst \(row["towns"] == nil ? "der Kommune" : "des Kreises") und nennt absichtlich keine Namen.
      Wer sie bekommt und wann, steht in dessen Einstellungen (digest_…).

      """
  }

  /// The message as it is sent (RFC 5322, MIME).
  ///
  /// - Parameters:
  ///   - now: seconds since 1970.
  ///   - id: what makes its identifier the only one.
  package func message(from: String, to: [String], at now: UInt64, id: String) -> [UInt8] {
    let domain = from.split(separator: "@").last.map(String.init) ?? "localhost"
    let body = Data(text.replacing("\n", with: "\r\n").utf8)
      .base64EncodedString(options: [
        .lineLength76Characters, .endLineWithCarriageReturn, .endLineWithLineFeed,
      ])
    let head = [
      "Date: \(Self.date(now))", "From: Kreisnetz <\(from)>",
      "To: \(to.map { "<\($0)>" }.joined(separator: ",\r\n "))",
      "Subject: \(Self.encoded(subject))",
      "Message-ID: <\(id)@\(domain)>",
      // No holiday greetings in return (RFC 3834).
      "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
    ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n" + body + "\r\n").utf8)
  }

  /// An encoded word has at most 75 characters (RFC 2047), so there may be several; each holds whole
  /// letters because it is cut from the text and not from its encoding.
  private static func encoded(_ text: String) -> String {
    var parts: [String] = [""]
    for character in text {
      if (parts[parts.count - 1] + String(character)).utf8.count > 42 { parts.append("") }
      parts[parts.count - 1].append(character)
    }
    return parts.map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }
      .joined(separator: "\r\n ")
  }

  /// `Mon, 23 Nov 2026 06:00:00 +0000`
  private static func date(_ now: UInt64) -> String {
    let format = Date.VerbatimFormatStyle(
      format: """
        \(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \
        \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) +0000
        """, locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt,
      calendar: Calendar(identifier: .gregorian))
    return Date(timeIntervalSince1970: Double(now)).formatted(format)
  }
}
