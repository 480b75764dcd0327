// SPDX-License-Identifier: EUPL-1.2

import KreisCore
import KreisLocal
import Testing

@Suite struct FieldChangeTests {
  private func read(_ argument: String) throws -> FieldChange {
    try FieldChange(argument: argument) { path in "content of \(path)" }
  }

  @Test(arguments: [
    ("name=Kita", FieldChange(field: "name", scope: nil, operation: .set, value: "Kita")),
    ("name=", FieldChange(field: "name", scope: nil, operation: .set, value: "")),
    ("name=a=b", FieldChange(field: "name", scope: nil, operation: .set, value: "a=b")),
    ("set+=x", FieldChange(field: "set", scope: nil, operation: .insert, value: "x")),
    ("set-=x", FieldChange(field: "set", scope: nil, operation: .remove, value: "x")),
    ("p@kreis=1", FieldChange(field: "p", scope: .kreis, operation: .set, value: "1")),
    ("s@local+=x", FieldChange(field: "s", scope: .local, operation: .insert, value: "x")),
    ("name=x@kreis", FieldChange(field: "name", scope: nil, operation: .set, value: "x@kreis")),
    (
      "note=@f.txt",
      FieldChange(field: "note", scope: nil, operation: .set, value: "content of f.txt")
    ),
    ("note=@@f.txt", FieldChange(field: "note", scope: nil, operation: .set, value: "@f.txt")),
    ("number=+49 1", FieldChange(field: "number", scope: nil, operation: .set, value: "+49 1")),
  ])
  func `An argument is read as it is documented`(_ argument: String, _ change: FieldChange) throws {
    #expect(try read(argument) == change)
    #expect(try FieldChange(json: change.json) == change)
  }

  @Test(arguments: ["name", "", "=x", "set+=", "set-=", "name@nobody=x"])
  func `What is no change is refused`(_ argument: String) {
    let error = #expect(throws: CommandError.self) { try read(argument) }
    #expect(error?.outcome == .wrongUse)
  }
}
