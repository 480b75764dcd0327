// SPDX-License-Identifier: EUPL-1.2

/// What a field takes. Every value travels as canonical text: one spelling per value, so that equal
/// values are equal bytes.
package enum FieldType: Hashable, Sendable {
  /// One line of at most this many bytes of UTF-8.
  case text(limit: Int)
  /// Several lines, at most 16,384 bytes of UTF-8.
  case longText
  case integer(ClosedRange<Int>)
  /// Up to twelve digits before and nine after the point, without leading or trailing zeros.
  case decimal
  /// `true` or `false`.
  case boolean
  /// A day, `2014-05-21`.
  case date
  /// `2014`, `2014-05`, `2014-05-21`, or a day whose year is unknown, `--09-05`.
  case partialDate
  /// Days separated by commas, ascending, each once: `2026-12-24,2026-12-31`.
  case dates
  /// `HH:MM`.
  case time
  /// An instant in UTC, `2026-05-21T14:00:00Z`.
  case timestamp
  /// A telephone number as typed: digits, spaces and `( ) / - + .`, at least three digits.
  case phone
  /// `+492214710244`.
  case e164
  case email
  /// `http` or `https`.
  case url
  /// A language tag of BCP 47 in its simple form, `de`, `tr`, `zh-hant`, `de-at`.
  case language
  /// An official municipality key (Amtlicher Gemeindeschlüssel) of 2, 3, 5 or 8 digits.
  case ags
  case latitude
  case longitude
  case vocabulary(Vocabulary)
  /// A key of a vocabulary that is not closed: lower-case letters a–z, digits, `-` and `_`.
  case term
  /// A record of one of these kinds, by its id; of any kind if the list is empty.
  case reference([String])
  /// The recurrence rule of RFC 5545, section 3.3.10, without `RRULE:`.
  case rrule
  /// A name of the IANA time zone database, `Europe/Berlin`.
  case timezone

  /// One line of at most 500 bytes.
  package static let line = FieldType.text(limit: 500)

  /// Bytes of UTF-8 that no value of any type exceeds.
  package static let largestValue = 16_384
  /// Bytes of UTF-8 that no element of a set exceeds.
  package static let largestElement = 128

  /// The canonical text of what was typed or imported.
  ///
  /// - Throws: `Refusal`, saying in German what is allowed.
  package func canonical(_ raw: String) throws(Refusal) -> String {
    switch self {
    case .text(let limit): return try CanonicalText.of(raw, limit: limit)
    case .longText:
      return try CanonicalText.of(raw, limit: Self.largestValue, multiline: true)
    case .rrule:
      return try RecurrenceText.canonical(CanonicalText.of(raw, limit: Self.largestValue))
    default: break
    }
    let text = try CanonicalText.of(raw, limit: Self.largestValue)
    guard let canonical = parse(text) else { throw Refusal(reason: refusal) }
    return canonical
  }

  private func parse(_ text: String) -> String? {
    switch self {
    case .text, .longText, .rrule: text
    case .integer(let range): Numerals.integer(text, in: range)
    case .decimal: Numerals.decimal(text)
    case .boolean: Numerals.boolean(text)
    case .date: CalendarText.date(text)
    case .partialDate: CalendarText.partialDate(text)
    case .dates: CalendarText.dates(text)
    case .time: CalendarText.time(text)
    case .timestamp: CalendarText.timestamp(text)
    case .phone: ContactText.phone(text)
    case .e164: ContactText.e164(text)
    case .email: ContactText.email(text)
    case .url: ContactText.url(text)
    case .language: Codes.language(text)
    case .ags: Codes.ags(text)
    case .latitude: Numerals.degrees(text, limit: 90)
    case .longitude: Numerals.degrees(text, limit: 180)
    case .vocabulary(let vocabulary): vocabulary.key(for: text)
    case .term: Codes.term(text)
    case .reference: RecordID(text: text)?.description
    case .timezone: Codes.timezone(text)
    }
  }

  /// The German half-sentence after a refused value.
  private var refusal: String {
    switch self {
    case .text, .longText: "ist kein Text"
    case .integer(let range):
      "ist keine ganze Zahl zwischen \(range.lowerBound) und \(range.upperBound)"
    case .decimal: "ist keine Zahl (Beispiel: 12.5; höchstens neun Nachkommastellen)"
    case .boolean: "ist weder ja noch nein (true oder false)"
    case .date: "ist kein Datum (JJJJ-MM-TT oder TT.MM.JJJJ)"
    case .partialDate:
      "ist kein Datum (JJJJ, JJJJ-MM, JJJJ-MM-TT, ohne Jahr --MM-TT; auch TT.MM.JJJJ)"
    case .dates: "ist keine Liste von Tagen (JJJJ-MM-TT, durch Komma getrennt)"
    case .time: "ist keine Uhrzeit (HH:MM)"
    case .timestamp: "ist kein Zeitpunkt in UTC (JJJJ-MM-TTThh:mm:ssZ)"
    case .phone:
      "ist keine Telefonnummer (nur Ziffern, Leerzeichen und ( ) / - + ., mindestens drei Ziffern)"
    case .e164: "ist keine internationale Rufnummer (Beispiel: +492214710244)"
    case .email: "ist keine E-Mail-Adresse (Beispiel: info@example.org)"
    case .url: "ist keine Internetadresse (http:// oder https://)"
    case .language: "ist kein Sprachkürzel (Beispiele: de, tr, ar)"
    case .ags: "ist kein Gemeindeschlüssel (2, 3, 5 oder 8 Ziffern)"
    case .latitude: "ist keine geographische Breite (-90 bis 90)"
    case .longitude: "ist keine geographische Länge (-180 bis 180)"
    case .vocabulary(let vocabulary): "ist nicht vorgesehen; erlaubt: \(vocabulary.listing)"
    case .term: "ist kein Schlagwort (a–z, Ziffern, - und _, höchstens 128 Zeichen)"
    case .reference(let kinds):
      "ist keine vollständige Kennung eines Datensatzes"
        + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
    case .rrule: RecurrenceText.refusal.reason
    case .timezone: "ist keine Zeitzone (Beispiel: Europe/Berlin)"
    }
  }
}
