// SPDX-License-Identifier: EUPL-1.2

/// The fields of a page's form, as a browser would send them.
struct FormFields {
  private(set) var pairs: [(String, String)] = []

  init(_ page: TestConsole.Answer) {
    let form = page.text.firstMatch(of: /<form class="edit".*?<\/form>/.dotMatchesNewlines())
    let text = form.map { String($0.0) } ?? ""
    for match in text.matches(of: /<input [^>]*>/) {
      let input = String(match.0)
      guard let name = Self.attribute("name", input), name != "token" else { continue }
      let isTicked = ["checkbox", "radio"].contains(Self.attribute("type", input) ?? "")
      if isTicked, !input.contains(" checked") { continue }
      pairs.append((name, Self.plain(Self.attribute("value", input) ?? "")))
    }
    for match in text.matches(of: /<textarea [^>]*name="([^"]*)"[^>]*>\n([^<]*)</) {
      pairs.append((String(match.1), Self.plain(String(match.2))))
    }
    for match in text.matches(
      of: /<select [^>]*name="([^"]*)".*?<\/select>/.dotMatchesNewlines())
    {
      let chosen = match.0.firstMatch(of: /<option value="([^"]*)" selected>/)
      pairs.append((String(match.1), chosen.map { String($0.1) } ?? ""))
    }
  }

  /// The first value of this name; set, it is the only one.
  subscript(name: String) -> String? {
    get { pairs.first { $0.0 == name }?.1 }
    set {
      pairs.removeAll { $0.0 == name }
      if let newValue { pairs.append((name, newValue)) }
    }
  }

  mutating func tick(_ name: String, _ value: String) { pairs.append((name, value)) }

  private static func attribute(_ name: String, _ element: String) -> String? {
    guard let start = element.firstRange(of: " \(name)=\"") else { return nil }
    return String(element[start.upperBound...].prefix { $0 != "\"" })
  }

  private static func plain(_ text: String) -> String {
    text.replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">").replacing("&amp;", with: "&")
  }
}

extension TestConsole {
  /// Opens a form, fills it in and sends it.
  func fill(
    _ path: String, to action: String? = nil, _ change: (inout FormFields) -> Void
  ) async -> Answer {
    let page = await get(path)
    var fields = FormFields(page)
    change(&fields)
    let target = action ?? String(path.prefix { $0 != "?" })
    return await post(target, token: page.token, fields.pairs)
  }
}
