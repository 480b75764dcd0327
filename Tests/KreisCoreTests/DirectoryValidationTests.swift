// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import Testing

struct DirectoryValidationTests {
  private func problems(
    _ kind: String, _ values: [(String, String?, ScopeKind?)], isNew: Bool = true
  ) throws -> [String] {
    let kind = try Schema.directory.kind(named: kind)
    let values = try values.map {
      FieldValue(try kind.field(named: $0.0), $0.1, scope: $0.2)
    }
    return kind.problems(in: values, isNew: isNew).map(\.description)
  }

  @Test func `a new record must have all required fields, and all that lack are named`() throws {
    #expect(
      try problems("indicator", []).map { $0.prefix { $0 != ":" } }
        == ["name", "value", "definition"])
    #expect(
      try problems("municipality", [("name", "Halver", nil), ("ags", "05962012", nil)]) == [])
  }

  @Test func `a change need not repeat required fields, but may not withdraw them`() throws {
    #expect(try problems("organization", [("city", "Halver", nil)], isNew: false) == [])
    #expect(
      try problems("organization", [("name", nil, nil)], isNew: false)
        == ["name: „“ fehlt (Name; Pflichtfeld bei Organisation)."])
  }

  @Test func `ages, periods and times do not run backwards`() throws {
    #expect(
      try problems(
        "network",
        [
          ("name", "Nord", nil), ("municipalities", "x", nil), ("minimum_age", "12", nil),
          ("maximum_age", "3", nil),
        ])
        == ["maximum_age: „3“ liegt vor minimum_age „12“."])
    #expect(
      try problems("schedule", [("opens_at", "11:30", nil), ("closes_at", "09:00", nil)])
        == ["closes_at: „09:00“ liegt vor opens_at „11:30“."])
    #expect(
      try problems(
        "service",
        [("name", "Café", nil), ("valid_from", "2014-05", nil), ("valid_to", "2014", nil)])
        == [])
    #expect(
      try problems(
        "service",
        [("name", "Café", nil), ("valid_from", "2014-05", nil), ("valid_to", "2013-12-31", nil)]
      ).count
        == 1)
  }

  @Test func `the address of a shelter is refused in public and taken for the coordination`() throws
  {
    let name: (String, String?, ScopeKind?) = ("name", "Frauenhaus", nil)
    #expect(try problems("organization", [name, ("street", "Wiesenweg 1", nil)]) == [])
    let isProtected: (String, String?, ScopeKind?) = ("confidential", "true", nil)
    #expect(
      try problems("organization", [name, isProtected, ("street", "Wiesenweg 1", nil)])
        == [
          "street: „Wiesenweg 1“ darf bei geschützter Anschrift nicht öffentlich sein;"
            + " mit „street@coordination“ geht es nur an die Koordination."
        ])
    #expect(
      try problems("organization", [name, isProtected, ("street", "Wiesenweg 1", .coordination)])
        == [])
  }
}
