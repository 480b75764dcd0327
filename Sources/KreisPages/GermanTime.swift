// SPDX-License-Identifier: EUPL-1.2

package import KreisCore
package import KreisInterchange

/// Times and days as people in Germany write them.
package struct GermanTime: Sendable {
  /// Seconds since 1970.
  package let now: UInt64

  package init(now: UInt64) { self.now = now }

  /// `22.11.2026, 14:05 Uhr`
  package func instant(_ json: JSONValue?) -> String {
    guard let seconds = json?.unsigned else { return "" }
    let time = BerlinTime.local(Int(clamping: seconds))
    let (hour, minute) = (time.minute / 60, time.minute % 60)
    return "\(Self.day(time.date)), \(Self.two(hour)):\(Self.two(minute)) Uhr"
  }

  /// `22.11.2026`, of partial dates `11.2026`, `22.11.` and `2026`; what is no date as it stands.
  package static func day(_ text: String) -> String {
    if let date = CivilDate(text) { return day(date) }
    let parts = text.split(separator: "-")
    guard parts.count == 2, parts.allSatisfy({ $0.allSatisfy(\.isASCII) && Int($0) != nil }) else {
      return text
    }
    return text.hasPrefix("--") ? "\(parts[1]).\(parts[0])." : "\(parts[1]).\(parts[0])"
  }

  package static func day(_ date: CivilDate) -> String {
    let parts = date.parts
    return "\(two(parts.day)).\(two(parts.month)).\(parts.year)"
  }

  package var today: CivilDate { BerlinTime.local(Int(clamping: now)).date }

  /// How long ago: `seit 2 Stunden`.
  package func since(_ seconds: UInt64) -> String {
    let passed = now > seconds ? now - seconds : 0
    switch passed {
    case ..<90: return "seit einer Minute"
    case ..<5_400: return "seit \((passed + 30) / 60) Minuten"
    case ..<129_600: return "seit \((passed + 1_800) / 3_600) Stunden"
    default: return "seit \((passed + 43_200) / 86_400) Tagen"
    }
  }

  private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
}

extension Int {
  /// `1 Eintrag`, `3 Einträge`
  package func counted(_ one: String, _ many: String) -> String {
    "\(self) \(self == 1 ? one : many)"
  }
}
