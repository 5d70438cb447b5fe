#include "runners/registry.h"

#include "base/text.h"
#include "jobs/remote_lease.h"

namespace shoal::runners {
namespace {

constexpr Seconds k_contact_step{10};
constexpr std::string_view k_runner =
    "select id, name, description, ip, last_contact_at, created_at, labels from runner";

Runner to_runner(const db::Row& row) {
  return {.id = row.id<RunnerId>(0),
          .name = row.text(1),
          .description = row.optional_text(2),
          .ip = row.text(3),
          .last_contact = row.time(4),
          .created_at = row.time(5),
          .labels = row.is_null(6) ? std::nullopt : std::optional(from_words(row.text(6)))};
}

std::string page_of(const Slice& slice) {
  return std::string(" order by id ") + (slice.newest_first ? "desc" : "asc") +
         " limit :count offset :start";
}

}  // namespace

void create_registration_token(db::Session& session, Random& random, UtcTime now) {
  session.execute("insert into runner_registration_token (token, created_at) values (:token, :now)",
                  {new_registration_token(random), now});
}

Listed<RegistrationToken> list_registration_tokens(db::Session& session, const Slice& slice) {
  Listed<RegistrationToken> page;
  page.total = session.query_one("select count(*) from runner_registration_token")->integer(0);
  for (const db::Row& row :
       session.query("select id, token, created_at, (select count(*) from runner r"
                     " where r.registration_token_id = t.id) from runner_registration_token t" +
                         page_of(slice),
                     {slice.count, slice.start})) {
    page.items.push_back(
        {row.id<RegistrationTokenId>(0), row.text(1), row.time(2), row.integer(3)});
  }
  return page;
}

Result<> delete_registration_token(db::Session& session, RegistrationTokenId id) {
  for (const db::Row& row :
       session.query("select id from runner where registration_token_id = :id", {id}))
    jobs::release_all(session, Runner::worker_name(row.id<RunnerId>(0)));
  if (session.execute("delete from runner_registration_token where id = :id", {id}) == 0)
    return fail(ErrorCode::not_found, "Registration token not found");
  return {};
}

Result<Registered> register_runner(db::Session& session, Random& random, const NewRunner& runner,
                                   UtcTime now) {
  const auto token = session.query_one(
      "select id from runner_registration_token where token = :token", {runner.registration_token});
  if (!token) return fail(ErrorCode::not_found, "Registration token is invalid");
  Registered made;
  made.token = new_runner_token(random);
  const auto row = session.query_one(
      "insert into runner (registration_token_id, name, description, ip, token_hash,"
      " last_contact_at, created_at) values (:by, :name, :description, :ip, :hash, :contact, :now)"
      " on conflict (name) do nothing returning id",
      {token->integer(0), runner.name, runner.description, runner.ip, token_hash(made.token), now,
       now});
  if (!row) return fail(ErrorCode::conflict, "This runner name already exists on this instance");
  made.id = row->id<RunnerId>(0);
  return made;
}

std::optional<Runner> find_runner(db::Session& session, std::string_view runner_token) {
  const auto row = session.query_one(std::string(k_runner) + " where token_hash = :hash",
                                     {token_hash(runner_token)});
  return row ? std::optional(to_runner(*row)) : std::nullopt;
}

std::optional<Runner> find_named(db::Session& session, std::string_view name) {
  const auto row = session.query_one(std::string(k_runner) + " where name = :name", {name});
  return row ? std::optional(to_runner(*row)) : std::nullopt;
}

std::optional<Runner> find_holder(db::Session& session, std::string_view worker) {
  constexpr std::string_view k_prefix = "runner:";
  if (!worker.starts_with(k_prefix)) return std::nullopt;
  const auto id = parse_int(worker.substr(k_prefix.size()));
  if (!id) return std::nullopt;
  const auto row = session.query_one(std::string(k_runner) + " where id = :id", {*id});
  return row ? std::optional(to_runner(*row)) : std::nullopt;
}

Listed<Runner> list_runners(db::Session& session, const Slice& slice) {
  Listed<Runner> page;
  page.total = session.query_one("select count(*) from runner")->integer(0);
  for (const db::Row& row :
       session.query(std::string(k_runner) + page_of(slice), {slice.count, slice.start}))
    page.items.push_back(to_runner(row));
  return page;
}

bool is_contact_due(const Runner& runner, UtcTime now) {
  return runner.last_contact + k_contact_step <= now;
}

void note_contact(db::Session& session, const Runner& runner, std::string_view ip, UtcTime now) {
  if (!is_contact_due(runner, now)) return;
  session.execute(
      "update runner set last_contact_at = :now, ip = :ip where id = :id"
      " and last_contact_at <= :before",
      {now, ip, runner.id, now - k_contact_step});
}

void note_labels(db::Session& session, RunnerId runner, const MachineLabels& labels) {
  session.execute("update runner set labels = :labels where id = :id", {to_words(labels), runner});
}

Result<> remove_runner(db::Session& session, RunnerId id) {
  jobs::release_all(session, Runner::worker_name(id));
  if (session.execute("delete from runner where id = :id", {id}) == 0)
    return fail(ErrorCode::not_found, "Runner not found");
  return {};
}

}  // namespace shoal::runners
