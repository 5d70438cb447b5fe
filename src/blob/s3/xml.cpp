#include "blob/s3/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "base/check.h"
#include "base/text.h"
#include "blob/s3/xml_document.h"

namespace shoal::blob::s3 {
namespace {

constexpr std::size_t k_max_entries = 10'000;

/// What `read(child)` gives for each child called `name`.
template <class Entry, class Read>
Result<std::vector<Entry>> read_entries(const pugi::xml_node& root, std::string_view name,
                                        const Read& read) {
  std::vector<Entry> entries;
  for (const pugi::xml_node& node : root.children()) {
    if (local_name(node) != name) continue;
    if (entries.size() == k_max_entries) {
      return fail(ErrorCode::corrupt,
                  fmt::format("the answer lists over {} {}", k_max_entries, name));
    }
    TRY(Entry entry, read(node));
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::unexpected<Error> no_way_on() {
  return fail(ErrorCode::corrupt, "the answer's list goes on, but does not say from where");
}

std::string etag_of(const pugi::xml_node& node) {
  return std::string(unquoted_etag(text_at(node, "ETag")));
}

/// With encoding-type=url keys and key markers are encoded as in a form, tokens never.
class KeyDecoder {
 public:
  explicit KeyDecoder(const pugi::xml_node& root)
      : encoded_(iequals(trim(text_at(root, "EncodingType")), "url")) {}

  Result<std::string> optional(const pugi::xml_node& parent, std::string_view name) const {
    auto key = std::optional(text_at(parent, name));
    if (encoded_) key = url_decode(*key, /*plus_is_space=*/true);
    // Character references can spell what no text holds.
    if (!key || !is_valid_utf8(*key)) return wrong_element(parent, name, "a key");
    return *std::move(key);
  }

  Result<std::string> required(const pugi::xml_node& parent, std::string_view name) const {
    TRY_VOID(required_text(parent, name));
    return optional(parent, name);
  }

 private:
  bool encoded_;
};

Result<ErrorBody> read_error(const pugi::xml_node& root) {
  ErrorBody error = {.code = std::string(trim(text_at(root, "Code"))),
                     .message = text_at(root, "Message"),
                     .request_id = std::string(trim(text_at(root, "RequestId"))),
                     .region = std::string(trim(text_at(root, "Region"))),
                     .endpoint = std::string(trim(text_at(root, "Endpoint"))),
                     .server_time = std::string(trim(text_at(root, "ServerTime")))};
  if (error.code.empty()) return wrong_element(root, "Code", "the name of an error");
  return error;
}

Result<OrErrorBody<StoredObject>> read_stored(std::string_view body, std::string_view root,
                                              std::string_view other_root) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  const std::string_view found = local_name(document.document_element());
  if (found == "Error") {
    TRY(ErrorBody error, read_error(document.document_element()));
    return error;
  }
  TRY(const pugi::xml_node node, root_named(document, found == other_root ? other_root : root));
  TRY(const auto modified, optional_time(node, "LastModified"));
  return StoredObject{etag_of(node), modified};
}

Result<ListedObject> read_object(const pugi::xml_node& node, const KeyDecoder& decoder) {
  ListedObject object;
  TRY(object.key, decoder.required(node, "Key"));
  TRY(object.size, required_number(node, "Size", UINT64_MAX));
  TRY(object.modified, optional_time(node, "LastModified"));
  object.etag = etag_of(node);
  return object;
}

Result<Part> read_part(const pugi::xml_node& node) {
  TRY(const std::uint64_t number, required_number(node, "PartNumber", k_max_part_number));
  TRY(const std::uint64_t size, required_number(node, "Size", UINT64_MAX));
  if (number == 0) return wrong_element(node, "PartNumber", "1 or more");
  return Part{static_cast<std::uint32_t>(number), size, etag_of(node)};
}

Result<ListedUpload> read_upload(const pugi::xml_node& node, const KeyDecoder& decoder) {
  ListedUpload upload;
  TRY(upload.key, decoder.required(node, "Key"));
  TRY(upload.upload_id, required_text(node, "UploadId"));
  TRY(upload.initiated, optional_time(node, "Initiated"));
  return upload;
}

}  // namespace

Result<ErrorBody> parse_error(std::string_view body) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  TRY(const pugi::xml_node root, root_named(document, "Error"));
  return read_error(root);
}

Result<std::string> parse_initiate_multipart(std::string_view body) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  TRY(const pugi::xml_node root, root_named(document, "InitiateMultipartUploadResult"));
  return required_text(root, "UploadId");
}

Result<OrErrorBody<StoredObject>> parse_complete_multipart(std::string_view body) {
  constexpr std::string_view k_root = "CompleteMultipartUploadResult";
  return read_stored(body, k_root, k_root);
}

Result<OrErrorBody<StoredObject>> parse_copy(std::string_view body) {
  return read_stored(body, "CopyObjectResult", "CopyPartResult");
}

Result<ObjectPage> parse_list_objects(std::string_view body) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  TRY(const pugi::xml_node root, root_named(document, "ListBucketResult"));
  const KeyDecoder decoder(root);
  ObjectPage page;
  TRY(page.objects, read_entries<ListedObject>(root, "Contents", [&](const pugi::xml_node& node) {
        return read_object(node, decoder);
      }));
  TRY(page.is_truncated, optional_flag(root, "IsTruncated"));
  if (!page.is_truncated) return page;
  page.next_token = text_at(root, "NextContinuationToken");
  TRY(page.next_marker, decoder.optional(root, "NextMarker"));
  // ListObjects names the next marker only with a delimiter; else it is the last key.
  if (page.next_marker.empty() && !page.objects.empty()) page.next_marker = page.objects.back().key;
  if (page.next_token.empty() && page.next_marker.empty()) return no_way_on();
  return page;
}

Result<PartPage> parse_list_parts(std::string_view body) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  TRY(const pugi::xml_node root, root_named(document, "ListPartsResult"));
  PartPage page;
  TRY(page.parts, read_entries<Part>(root, "Part", read_part));
  if (std::ranges::adjacent_find(page.parts, std::greater_equal{}, &Part::number) !=
      page.parts.end()) {
    return fail(ErrorCode::corrupt, "the answer's parts are not in the order of their numbers");
  }
  TRY(page.is_truncated, optional_flag(root, "IsTruncated"));
  if (!page.is_truncated) return page;
  const std::uint32_t last = page.parts.empty() ? 0 : page.parts.back().number;
  page.next_marker = last;
  if (child(root, "NextPartNumberMarker")) {
    TRY(const std::uint64_t next, required_number(root, "NextPartNumberMarker", k_max_part_number));
    page.next_marker = static_cast<std::uint32_t>(next);
  }
  // A marker before the last part would show the same parts for ever.
  if (page.next_marker == 0 || page.next_marker < last) return no_way_on();
  return page;
}

Result<UploadPage> parse_list_uploads(std::string_view body) {
  pugi::xml_document document;
  TRY_VOID(load(document, body));
  TRY(const pugi::xml_node root, root_named(document, "ListMultipartUploadsResult"));
  const KeyDecoder decoder(root);
  UploadPage page;
  TRY(page.uploads, read_entries<ListedUpload>(root, "Upload", [&](const pugi::xml_node& node) {
        return read_upload(node, decoder);
      }));
  TRY(page.is_truncated, optional_flag(root, "IsTruncated"));
  if (!page.is_truncated) return page;
  TRY(page.next_key_marker, decoder.optional(root, "NextKeyMarker"));
  page.next_upload_id_marker = text_at(root, "NextUploadIdMarker");
  if (page.next_key_marker.empty() && !page.uploads.empty()) {
    page.next_key_marker = page.uploads.back().key;
    page.next_upload_id_marker = page.uploads.back().upload_id;
  }
  if (page.next_key_marker.empty()) return no_way_on();
  return page;
}

std::string write_complete_multipart(std::span<const Part> parts) {
  std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  std::uint32_t last = 0;
  for (const Part& part : parts) {
    SHOAL_CHECK(part.number > last);
    last = part.number;
    fmt::format_to(std::back_inserter(out),
                   "<Part><PartNumber>{}</PartNumber><ETag>&quot;{}&quot;</ETag></Part>",
                   part.number, escape_html(part.etag));
  }
  return out + "</CompleteMultipartUpload>";
}

std::string_view unquoted_etag(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return etag;
}

}  // namespace shoal::blob::s3
