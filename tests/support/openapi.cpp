#include "tests/support/openapi.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/check.h"
#include "base/text.h"

namespace shoal::tests {
namespace {

namespace json = boost::json;

/// A plain scalar as YAML 1.2's core schema reads it; a quoted one is text.
json::value scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return json::value(text);
  if (text == "true" || text == "false") return json::value(text == "true");
  if (text == "null" || text.empty()) return nullptr;
  if (const auto number = parse_int(text)) return json::value(*number);
  return json::value(text);
}

json::value to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    json::object object;
    for (const auto& member : node) object[member.first.Scalar()] = to_json(member.second);
    return object;
  }
  if (node.IsSequence()) {
    json::array array;
    for (const auto& element : node) array.push_back(to_json(element));
    return array;
  }
  return node.IsScalar() ? scalar(node) : json::value(nullptr);
}

bool is_kind(std::string_view kind, const json::value& value) {
  if (kind == "string") return value.is_string();
  if (kind == "boolean") return value.is_bool();
  if (kind == "null") return value.is_null();
  if (kind == "array") return value.is_array();
  if (kind == "object") return value.is_object();
  if (kind == "number") return value.is_number();
  if (kind != "integer" || !value.is_number()) return false;
  // The server writes whole numbers of floating point without a fraction.
  return !value.is_double() ||
         value.as_double() == static_cast<double>(static_cast<std::int64_t>(value.as_double()));
}

bool has_kind(const json::value& kinds, const json::value& value) {
  if (kinds.is_string()) return is_kind(kinds.as_string(), value);
  return std::ranges::any_of(
      kinds.as_array(), [&](const json::value& kind) { return is_kind(kind.as_string(), value); });
}

}  // namespace

const OpenApi& OpenApi::instance() {
  static const OpenApi document(to_json(YAML::LoadFile(SHOAL_OPENAPI)));
  return document;
}

OpenApi::OpenApi(json::value document) : document_(std::move(document)) {
  for (const auto& path : document_.at("paths").as_object()) {
    for (const auto& method : path.value().as_object()) {
      operations_.push_back({std::string(method.key()), std::string(path.key()),
                             std::string(method.value().at("operationId").as_string())});
    }
  }
}

const json::value& OpenApi::resolve(const json::value& value) const {
  const json::object* object = value.if_object();
  const json::value* target = object ? object->if_contains("$ref") : nullptr;
  // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): a part of the document, as asked for
  if (target == nullptr) return value;
  const std::string_view pointer = target->as_string();
  return document_.at_pointer(pointer.substr(1));
}

void OpenApi::check_object(const std::string& at, const json::object& schema,
                           const json::object& value, std::vector<std::string>& out) const {
  static const json::object k_none;
  const json::value* properties = schema.if_contains("properties");
  const json::object& known = properties ? properties->as_object() : k_none;
  const json::value* others = schema.if_contains("additionalProperties");
  for (const auto& member : value) {
    const std::string inner = fmt::format("{}.{}", at, std::string_view(member.key()));
    if (const json::value* property = known.if_contains(member.key())) {
      check(inner, *property, member.value(), out);
    } else if (others == nullptr) {
      if (properties != nullptr) out.push_back(inner + " is not documented");
    } else if (others->is_object()) {
      check(inner, *others, member.value(), out);
    }
  }
  const json::value* required = schema.if_contains("required");
  if (required == nullptr) return;
  for (const json::value& name : required->as_array()) {
    if (!value.contains(name.as_string())) {
      out.push_back(fmt::format("{}.{} is missing", at, std::string_view(name.as_string())));
    }
  }
}

void OpenApi::check(const std::string& at, const json::value& raw, const json::value& value,
                    std::vector<std::string>& out) const {
  const json::object& schema = resolve(raw).as_object();
  if (const json::value* choices = schema.if_contains("oneOf")) {
    for (const json::value& choice : choices->as_array()) {
      std::vector<std::string> differences;
      check(at, choice, value, differences);
      if (differences.empty()) return;
    }
    out.push_back(at + " fits none of its forms: " + json::serialize(value));
    return;
  }
  const json::value* kinds = schema.if_contains("type");
  if (kinds != nullptr && !has_kind(*kinds, value)) {
    out.push_back(at + " is " + json::serialize(value).substr(0, 60) + ", not " +
                  json::serialize(*kinds));
    return;
  }
  if (const json::value* words = schema.if_contains("enum")) {
    const auto& all = words->as_array();
    if (std::ranges::find(all, value) == all.end()) {
      out.push_back(at + " is none of its words: " + json::serialize(value));
    }
  }
  if (value.is_object()) check_object(at, schema, value.as_object(), out);
  const json::value* items = schema.if_contains("items");
  if (!value.is_array() || items == nullptr) return;
  for (const json::value& element : value.as_array()) check(at + "[]", *items, element, out);
}

std::vector<std::string> OpenApi::differences(std::string_view id, int status,
                                              std::string_view content_type,
                                              std::string_view body) const {
  const auto found = std::ranges::find(operations_, id, &Operation::id);
  SHOAL_CHECK(found != operations_.end());
  const json::object& responses =
      document_.at("paths").at(found->path).at(found->method).at("responses").as_object();
  const json::value* response = responses.if_contains(std::to_string(status));
  if (response == nullptr) return {fmt::format("{}: {} is not documented", id, status)};
  const json::value* content = resolve(*response).as_object().if_contains("content");
  if (content == nullptr) {
    if (body.empty()) return {};
    return {fmt::format("{}: {} has a body, none is documented", id, status)};
  }
  const std::string type(content_type.substr(0, content_type.find(';')));
  const json::value* media = content->as_object().if_contains(type);
  if (media == nullptr) media = content->as_object().if_contains("*/*");
  if (media == nullptr) return {fmt::format("{}: {} as {} is not documented", id, status, type)};
  std::vector<std::string> out;
  if (type.ends_with("json")) {
    check(fmt::format("{} {}", id, status), media->at("schema"), json::parse(body), out);
  }
  return out;
}

}  // namespace shoal::tests
