"""The contract kits catch wrong plugins, by the name of the promise they break, and let right ones pass."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornchat_local import LocalPlugin
from tornchat_peewee import PeeweePlugin

from tests.testing import (
    memory,
    memory_managing,
    memory_rooms,
    wrong,
    wrong_consumers,
    wrong_managing,
    wrong_markers,
    wrong_rooms,
    wrong_searching,
    wrong_social,
    wrong_storage,
    wrong_threads,
)
from tornchat import Credentials
from tornchat.testing import (
    AuditContract,
    AuthContract,
    BlocksContract,
    BroadcastContract,
    BrokenPromise,
    ConsumerContract,
    Contract,
    DescriptionsContract,
    DirectoryContract,
    DirectRoomsContract,
    FilterContract,
    InvitesContract,
    MarkersContract,
    ModerationContract,
    PresenceContract,
    ReportsContract,
    SearchContract,
    SearchEverywhereContract,
    SlowModeContract,
    StorageContract,
    UsersContract,
)
from tornchat.testing.changing import ChangingContract
from tornchat.testing.threads import ThreadsContract


class OnDisks:
    """A kit for plugins whose "disk" is a dict: the same one for the same directory."""

    def __init__(self, plugin: type) -> None:
        self.plugin = plugin
        self.disks: dict[Path, Any] = {}

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(self.disks.setdefault(tmp_path, {}))

    def crashed(self, tmp_path: Path) -> Path:
        place = tmp_path / "crashed"
        self.disks[place] = copy.deepcopy(self.disks[tmp_path])
        return place


class Storage(OnDisks, StorageContract):
    make_second_plugin = OnDisks.make_plugin


class Threads(ThreadsContract, ChangingContract):
    roles = ("storage", "history")

    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(PeeweePlugin.Settings(data_dir=tmp_path))


class Markers(MarkersContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(PeeweePlugin.Settings(data_dir=tmp_path))


class Everywhere(SearchEverywhereContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(PeeweePlugin.Settings(data_dir=tmp_path))


class Directory(OnDisks, DirectoryContract):
    pass


class Moderation(OnDisks, ModerationContract):
    pass


class Search(OnDisks, SearchContract):
    pass


class Audit(OnDisks, AuditContract):
    pass


class Users(OnDisks, UsersContract):
    pass


class Blocks(OnDisks, BlocksContract):
    pass


class Reports(OnDisks, ReportsContract):
    pass


class Descriptions(OnDisks, DescriptionsContract):
    pass


class Invites(OnDisks, InvitesContract):
    pass


class DirectRooms(OnDisks, DirectRoomsContract):
    pass


class SlowMode(OnDisks, SlowModeContract):
    pass


class Auth(AuthContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin()

    def good_credentials(self, plugin: Any) -> Credentials:
        return Credentials("tea", "127.0.0.1", "a good token of ann", "header")


class Consumers(ConsumerContract):
    many_rooms = 20

    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return wrong_consumers.made(self.plugin, tmp_path)


class Broadcast(BroadcastContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(LocalPlugin.Settings())


class Presence(PresenceContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin(LocalPlugin.Settings())


class Filter(FilterContract):
    def __init__(self, plugin: type) -> None:
        self.plugin = plugin

    def make_plugin(self, tmp_path: Path) -> Any:
        return self.plugin()


RIGHT = [
    (Threads, PeeweePlugin),
    (Markers, PeeweePlugin),
    (Everywhere, PeeweePlugin),
    (Storage, memory.MemoryStorage),
    (Directory, memory_managing.MemoryManaging),
    (Moderation, memory_managing.MemoryManaging),
    (Search, memory_managing.MemoryManaging),
    (Users, memory_managing.MemoryManaging),
    (Consumers, wrong_consumers.PeeweePlugin),
    (Audit, memory_managing.MemoryManaging),
    (Blocks, memory_managing.MemoryManaging),
    (Reports, memory_managing.MemoryManaging),
    (SlowMode, memory_managing.MemoryManaging),
    (Descriptions, memory_rooms.MemoryRooms),
    (Invites, memory_rooms.MemoryRooms),
    (DirectRooms, memory_rooms.MemoryRooms),
    (Auth, memory.TableAuth),
    (Broadcast, LocalPlugin),
    (Presence, LocalPlugin),
    (Filter, memory.SwearFilter),
]

WRONG = [
    (Everywhere, wrong_searching.FindsRoomByRoom, "test_newest_of_all_rooms_first"),
    (Everywhere, wrong_searching.ContinuesAfterTheTime, "test_pages_leave_nothing_out"),
    (Everywhere, wrong_searching.FindsWholeWordsOnly, "test_words_and_their_beginnings"),
    (Everywhere, wrong_searching.FindsAnybodys, "test_sender_and_time"),
    (Everywhere, wrong_searching.FindsWhatWasIndexed, "test_sees_what_was_just_stored"),
    (Everywhere, wrong_searching.SearchesAFewRooms, "test_many_rooms"),
    (Markers, wrong_markers.TakesTheLastMarker, "test_the_larger_one_stands"),
    (Markers, wrong_markers.SaysNothingOfWhatStands, "test_the_larger_one_stands"),
    (Markers, wrong_markers.BeginsAtGenerationZero, "test_the_present_generation"),
    (Markers, wrong_markers.CountsAllEntries, "test_number"),
    (Markers, wrong_markers.LeavesOutWhoHasReadNothing, "test_no_marker"),
    (Markers, wrong_markers.KeepsMarkersInMemory, "test_markers_are_in_storage"),
    (Markers, wrong_markers.KeepsMarkersInMemory, "test_another_log"),
    (Markers, wrong_markers.ForgetsRoles, "test_rooms_of_a_user"),
    (Markers, wrong_markers.ReadsRoomsFromTheNameOn, "test_page_by_page"),
    (Markers, wrong_markers.CountsActsAsUnread, "test_unread"),
    (Markers, wrong_markers.ReadsTheInboxOldestFirst, "test_inbox"),
    (Markers, wrong_markers.TellsNobodyOfEverybody, "test_everybody"),
    (Markers, wrong_markers.RemembersTexts, "test_the_message_is_as_it_is_now"),
    (Markers, wrong_markers.MentionsTheBlocked, "test_blocked_users"),
    (Threads, wrong_threads.ForgetsMentions, "test_what_a_message_says_is_kept"),
    (Threads, wrong_threads.CountsNoActs, "test_acts_are_counted"),
    (Threads, wrong_threads.KnowsNoTargets, "test_only_messages_are_answered"),
    (Threads, wrong_threads.HasThreadsInThreads, "test_threads_have_no_threads"),
    (Threads, wrong_threads.RefusesWhatItsBatchBrings, "test_messages_of_a_batch_are_answered"),
    (Threads, wrong_threads.CountsNothing, "test_replies_are_counted"),
    (Threads, wrong_threads.CountsDeletedReplies, "test_replies_are_counted"),
    (Threads, wrong_threads.ReadsTheWholeRoomForAThread, "test_a_thread_is_read"),
    (Threads, wrong_threads.LosesMetaWithAnEdit, "test_an_edit_changes_meta"),
    (Threads, wrong_threads.KeepsTheMetaOfDeletedMessages, "test_a_deletion_takes_what_a_message_says"),
    (Threads, wrong_threads.ComparesTextsOnly, "test_repeats_say_the_same"),
    (Threads, wrong_threads.TakesTheThreadWithItsRoot, "test_pruned_messages_take_their_threads"),
    (Threads, wrong_threads.RemembersThreadsUntilItEnds, "test_threads_outlive_a_restart"),
    (Storage, wrong_storage.SkipsASeq, "test_seq_is_gapless"),
    (Storage, wrong_storage.CountsAllRoomsTogether, "test_rooms_in_one_batch_are_counted_apart"),
    (Storage, wrong_storage.IgnoresTheEpoch, "test_draft_of_another_epoch_is_refused"),
    (Storage, wrong_storage.StoresARepeatTwice, "test_repeat_in_a_later_call_uses_no_seq"),
    (Storage, wrong_storage.KnowsNoRepeatInABatch, "test_repeat_in_the_same_batch_uses_no_seq"),
    (Storage, wrong_storage.SharesClientIds, "test_client_ids_are_each_senders_and_rooms_own"),
    (Storage, wrong_storage.TakesAnyTextForARepeat, "test_other_text_is_a_conflict"),
    (Storage, wrong_storage.DropsRefusals, "test_refused_draft_does_not_harm_the_others"),
    (Storage, wrong_storage.RefusesTheWholeBatch, "test_refused_draft_does_not_harm_the_others"),
    (Storage, wrong_storage.SortsByRoom, "test_results_are_in_draft_order"),
    (Storage, wrong_storage.RemovesWhatIsDeleted, "test_deletion_blanks_the_text_and_keeps_the_place"),
    (Storage, wrong_storage.KeepsDeletedTexts, "test_deletion_in_the_same_batch"),
    (Storage, wrong_storage.StripsTexts, "test_texts_are_kept_to_the_letter"),
    (Storage, wrong_storage.ForgetsAtShutdown, "test_log_outlives_a_restart"),
    (Storage, wrong_storage.ReadsNewestFirst, "test_oldest_first"),
    (Storage, wrong_storage.IncludesTheEntryAfter, "test_after_gives_the_oldest_after_it"),
    (Storage, wrong_storage.GivesTheOldestBefore, "test_before_gives_the_newest_before_it"),
    (Storage, wrong_storage.ForgetsBeforeBesideAfter, "test_both_give_the_oldest_between_them"),
    (Storage, wrong_storage.GivesAConflictASeq, "test_other_text_is_a_conflict"),
    (Storage, wrong_storage.RenewsNothing, "test_renewed_epoch_is_another_one"),
    (Storage, wrong_storage.RenewsInAnyCase, "test_epoch_is_renewed_once"),
    (Storage, wrong_storage.SaysTooLittleIsKept, "test_bounds_are_on_every_page"),
    (Storage, wrong_storage.DrawsANewEpochAtEachStart, "test_room_outlives_a_restart"),
    (Storage, wrong_storage.GivesAnEmptyPageForNoRoom, "test_unknown_room_is_none"),
    (Storage, wrong_storage.ReadsALittleLate, "test_reads_what_was_just_stored"),
    (Storage, wrong_storage.PutsUnknownRoomsAtZero, "test_positions_of_many_rooms"),
    (Storage, wrong_storage.PrunesTheNewest, "test_no_hole"),
    (Storage, wrong_storage.PrunesHoles, "test_oldest_first_and_at_most_limit"),
    (Storage, wrong_storage.PrunesWithoutSaying, "test_positions_say_what_is_left"),
    (Storage, wrong_storage.PrunesEverywhere, "test_other_rooms_are_left_alone"),
    (Storage, wrong_storage.StartsAnewWhenEmpty, "test_an_emptied_log_goes_on"),
    (Storage, wrong_storage.AlwaysCreates, "test_without_create_nothing_is_created"),
    (Storage, wrong_storage.KnowsNoLimit, "test_owned_limit_is_kept"),
    (Storage, wrong_storage.HasOneEpoch, "test_rooms_are_apart"),
    (Auth, wrong.LetsGarbageIn, "test_garbage_is_nobodys"),
    (Auth, wrong.LetsGuestsIn, "test_nothing_offered_is_nobody"),
    (Auth, wrong.BelievesPrefixes, "test_damaged_credentials_are_nobodys"),
    (Auth, wrong.ChokesOnGarbage, "test_garbage_raises_nothing"),
    (Auth, wrong.GivesAnEmptyId, "test_good_credentials_are_a_users"),
    (Auth, wrong.IssuesForeverTokens, "test_issued_token_ends_with_its_lifetime"),
    (Auth, wrong.ForgetsRoles, "test_issued_token_is_accepted"),
    (Broadcast, wrong.ForgetsARoom, "test_two_topics_at_once"),
    (Broadcast, wrong.HoldsAHundredTopics, "test_many_topics_at_once"),
    (Broadcast, wrong.GoesOnAfterUnsubscribe, "test_nothing_after_unsubscribing"),
    (Broadcast, wrong.DropsAllTopics, "test_unsubscribing_leaves_the_others"),
    (Broadcast, wrong.PassesOnEverything, "test_nothing_of_other_topics"),
    (Broadcast, wrong.SendsText, "test_what_is_published_arrives_as_it_is"),
    (Broadcast, wrong.DeliversFromAThread, "test_what_is_published_arrives_as_it_is"),
    (Presence, wrong.CountsTabs, "test_second_session_tells_nothing"),
    (Presence, wrong.LeavesWithTheFirstTab, "test_leaving_with_a_session_left_tells_nothing"),
    (Presence, wrong.SkipsAVersion, "test_first_session_is_told_with_the_next_version"),
    (Presence, wrong.CountsFromZeroAgain, "test_version_never_goes_back"),
    (Presence, wrong.TellsNothing, "test_last_session_leaves"),
    (Presence, wrong.HasOneRoom, "test_rooms_are_apart"),
    (Filter, wrong.ReturnsNone, "test_it_returns_a_draft_or_rejects"),
    (Filter, wrong.ChangesTheSender, "test_it_changes_only_the_text"),
    (Filter, wrong.MakesANewDraft, "test_it_changes_only_the_text"),
    (Filter, wrong.RaisesValueError, "test_it_returns_a_draft_or_rejects"),
    (Filter, wrong.RejectsEverything, "test_harmless_words_pass_unchanged"),
    (Filter, wrong.EmptiesTheText, "test_what_it_returns_can_be_sent"),
    (Filter, wrong.RejectsWithAnUnknownCode, "test_it_returns_a_draft_or_rejects"),
    (Directory, wrong_managing.TakesOverRooms, "test_a_taken_name_is_refused"),
    (Directory, wrong_managing.CreatesPublicRoomsOnly, "test_private_rooms_are_hidden"),
    (Directory, wrong_managing.CountsNoOwnedRooms, "test_owned_limit_is_kept"),
    (Directory, wrong_managing.ListsFromTheNameOn, "test_listed_by_name_page_by_page"),
    (Directory, wrong_managing.ListsPrivateRooms, "test_private_rooms_are_hidden"),
    (Directory, wrong_managing.HidesNothing, "test_private_rooms_are_hidden"),
    (Directory, wrong_managing.KeepsAdminsOut, "test_private_rooms_are_hidden"),
    (Storage, wrong_storage.ShowsBeforeItWrites, "test_what_is_seen_outlives_a_crash"),
    (Storage, wrong_storage.LeavesATornTail, "test_crash_in_the_middle_leaves_whole_entries"),
    (Storage, wrong_storage.LooksThenWrites, "test_two_nodes_store_at_once"),
    (Storage, wrong_storage.LooksThenCreates, "test_created_at_once_on_two_nodes"),
    (Storage, wrong_storage.WritesAtShutdown, "test_log_outlives_a_crash"),
    (Consumers, wrong_consumers.LeasesToAnybody, "test_one_node_at_a_time"),
    (Consumers, wrong_consumers.LeasesToAnybody, "test_at_once"),
    (Consumers, wrong_consumers.LeasesForEver, "test_one_node_at_a_time"),
    (Consumers, wrong_consumers.BeginsAtTheEnd, "test_where_it_begins"),
    (Consumers, wrong_consumers.ReadsAllRooms, "test_its_rooms"),
    (Consumers, wrong_consumers.MovesNothing, "test_a_moved_cursor_stays"),
    (Consumers, wrong_consumers.MovesAtShutdown, "test_a_moved_cursor_stays"),
    (Consumers, wrong_consumers.MovesForAnybody, "test_moves_that_are_left_out"),
    (Consumers, wrong_consumers.MovesFromAnywhere, "test_moves_that_are_left_out"),
    (Consumers, wrong_consumers.MovesFromAnywhere, "test_set"),
    (Consumers, wrong_consumers.ForgetsErrors, "test_errors"),
    (Consumers, wrong_consumers.ReadsFromTheFastest, "test_far_apart"),
    (Consumers, wrong_consumers.ReplaysNothing, "test_set"),
    (Consumers, wrong_consumers.FindsTheFirstPageOnly, "test_many_rooms"),
    (Directory, wrong_managing.DeletesByName, "test_created_again_it_is_another_one"),
    (Directory, wrong_managing.KeepsMembersOfDeletedRooms, "test_created_again_it_is_another_one"),
    (Directory, wrong_managing.ForgetsTheOwner, "test_members_are_listed"),
    (Directory, wrong_managing.GivesAllMembers, "test_members_among_users"),
    (Directory, wrong_managing.OwnsEverythingItCreates, "test_a_room_without_an_owner"),
    (Directory, wrong_managing.HandsOverWithoutCounting, "test_a_room_that_is_handed_over_counts"),
    (Directory, wrong_managing.LetsEverybodyIn, "test_a_full_room_gets_no_member"),
    (Directory, wrong_managing.AdmitsWhoWasThere, "test_admitted_among_users"),
    (Directory, wrong_managing.HasTwoOwners, "test_room_is_handed_over"),
    (Directory, wrong_managing.RemovesNobody, "test_removed_member_is_gone"),
    (Moderation, wrong_managing.GivesAllSanctions, "test_many_rooms_in_one_go"),
    (Moderation, wrong_managing.NeverEnds, "test_ended_is_not_read"),
    (Moderation, wrong_managing.HasOneSanctionPerUser, "test_the_last_one_counts"),
    (Moderation, wrong_managing.BansFromAllRooms, "test_others_stay"),
    (Moderation, wrong_managing.KeepsTheFirst, "test_the_last_one_counts"),
    (Moderation, wrong_managing.CountsNoSanctions, "test_too_many_are_refused"),
    (Moderation, wrong_managing.CutsTheTime, "test_what_is_set_is_read"),
    (Moderation, wrong_managing.AlwaysLifts, "test_lifted_is_gone"),
    (Moderation, wrong_managing.SanctionsAnything, "test_no_room_is_false"),
    (Moderation, wrong_managing.ForgetsTheRank, "test_all_fields_are_kept"),
    (Moderation, wrong_managing.KeepsNothingOfTheSite, "test_of_the_whole_site"),
    (Moderation, wrong_managing.TakesTheSiteForEveryRoom, "test_of_the_whole_site"),
    (Audit, wrong_managing.ChangesWhatIsRecorded, "test_a_repeat_changes_nothing"),
    (Audit, wrong_managing.ReadsTheOldestFirst, "test_what_is_recorded_is_read"),
    (Audit, wrong_managing.ReadsWhatTheUserDidOnly, "test_by_user_and_room"),
    (Audit, wrong_managing.ReadsTheEntryBeforeAgain, "test_page_by_page"),
    (Audit, wrong_managing.PrunesAll, "test_pruned_are_the_oldest"),
    (Audit, wrong_managing.KeepsTheAuditInMemory, "test_it_is_in_storage"),
    (Blocks, wrong_social.SharesOneList, "test_who_is_blocked_is_read"),
    (Blocks, wrong_social.BlocksWithoutEnd, "test_the_limit_is_kept"),
    (Blocks, wrong_social.RefusesRepeats, "test_the_limit_is_kept"),
    (Blocks, wrong_social.LiftsAllBlocks, "test_lifted_is_gone"),
    (Blocks, wrong_social.FindsTheBlocked, "test_blockers_among_users"),
    (Blocks, wrong_social.KeepsBlocksInMemory, "test_blocks_are_in_storage"),
    (Reports, wrong_social.ReportsWithoutTheMessage, "test_what_is_reported_is_read"),
    (Reports, wrong_social.ReportsWithoutTheMessage, "test_deleted_with_the_message"),
    (Reports, wrong_social.KeepsTheLastReport, "test_one_report_per_user_and_message"),
    (Reports, wrong_social.ReportsAnything, "test_no_message_is_none"),
    (Reports, wrong_social.ForgetsTheState, "test_parts_of_the_queue"),
    (Reports, wrong_social.ShowsAllReports, "test_reports_of_private_rooms_are_hidden"),
    (Reports, wrong_social.ClosesByIdOnly, "test_closed_once"),
    (Reports, wrong_social.KeepsReportsInMemory, "test_reports_are_in_storage"),
    (SlowMode, wrong_social.SlowsAllRooms, "test_what_is_set_is_read"),
    (SlowMode, wrong_social.SlowsAnything, "test_no_room_is_false"),
    (SlowMode, wrong_social.ReadsTheOldestMessages, "test_latest_messages"),
    (SlowMode, wrong_social.ReadsMessagesOfAll, "test_latest_messages"),
    (SlowMode, wrong_social.SpacesNoMessages, "test_messages_are_spaced"),
    (SlowMode, wrong_social.SpacesNoMessages, "test_one_of_many_nodes"),
    (SlowMode, wrong_social.ForgetsSlowMode, "test_slow_mode_is_in_storage"),
    (Descriptions, wrong_rooms.DescribesInAscii, "test_what_is_set_is_read"),
    (Descriptions, wrong_rooms.ReplacesTheWholeDescription, "test_the_rest_stays"),
    (Descriptions, wrong_rooms.ReadsBeforeItWrites, "test_two_at_once"),
    (Descriptions, wrong_rooms.DescribesAnything, "test_no_room_is_none"),
    (Descriptions, wrong_rooms.OpensRoomsWithoutTexts, "test_the_room_has_its_texts"),
    (Descriptions, wrong_rooms.AdmitsWhoWasAdmitted, "test_private_rooms_are_hidden"),
    (Descriptions, wrong_rooms.ForgetsDescriptions, "test_descriptions_are_in_storage"),
    (Invites, wrong_rooms.ReadsAllInvites, "test_what_is_stored_is_read"),
    (Invites, wrong_rooms.StoresForAnyRoom, "test_no_room_is_false"),
    (Invites, wrong_rooms.CountsUsedUpInvites, "test_the_limit_is_kept"),
    (Invites, wrong_rooms.MakesMembersOnly, "test_used_it_makes_a_member"),
    (Invites, wrong_rooms.UsesUpForMembers, "test_members_use_nothing_up"),
    (Invites, wrong_rooms.LooksBeforeItCounts, "test_no_more_than_it_allows"),
    (Invites, wrong_rooms.NeverExpires, "test_what_is_refused"),
    (Invites, wrong_rooms.RevokesInAnyRoom, "test_revoked_is_gone"),
    (Invites, wrong_rooms.KeepsInvitesByName, "test_deleted_with_the_room"),
    (Invites, wrong_rooms.KeepsInvitesInMemory, "test_invites_are_in_storage"),
    (DirectRooms, wrong_rooms.OwnsDirectRooms, "test_a_new_room"),
    (DirectRooms, wrong_rooms.CreatesOneRoomPerCall, "test_one_room_for_a_key"),
    (DirectRooms, wrong_rooms.LooksBeforeItCreates, "test_at_once"),
    (DirectRooms, wrong_rooms.OpensDirectRoomsToAll, "test_visible_to_members_only"),
    (DirectRooms, wrong_rooms.TakesOverTheName, "test_a_taken_name"),
    (DirectRooms, wrong_rooms.KeepsTheKey, "test_deleted"),
    (DirectRooms, wrong_rooms.KeepsDirectRoomsInMemory, "test_they_are_in_storage"),
    (Users, wrong_managing.SearchesAnywhere, "test_searched_by_the_beginning"),
    (Users, wrong_managing.KeepsTheFirstUser, "test_the_last_one_counts"),
    (Users, wrong_managing.ReadsAllUsers, "test_who_is_stored_is_read"),
    (Users, wrong_managing.ForgetsTheirRoles, "test_who_is_stored_is_read"),
    (Users, wrong_managing.FindsByTheName, "test_found_by_the_key"),
    (Users, wrong_managing.KeepsUsersInMemory, "test_users_are_in_storage"),
    (Users, wrong_managing.ErasesAllAtOnce, "test_erased_in_parts"),
    (Users, wrong_managing.KeepsTheirName, "test_erased_entries_keep_their_place"),
    (Users, wrong_managing.KeepsTheirClientId, "test_erased_entries_keep_their_place"),
    (Users, wrong_managing.ErasesInSilence, "test_each_erased_message_is_told"),
    (Users, wrong_managing.KeepsTheirRoles, "test_nothing_of_them_is_left"),
    (Users, wrong_managing.LiftsTheirBans, "test_their_bans_stay"),
    (Users, wrong_managing.ErasesWhoseIdBeginsAlike, "test_others_are_left_alone"),
    (Users, wrong_managing.AlwaysErasesOne, "test_nobody_is_erased"),
    (Users, wrong_managing.ErasesTheNameInMemory, "test_erased_stays_erased"),
    (Moderation, wrong_managing.KeepsSanctionsInMemory, "test_sanctions_are_in_storage"),
    (Search, wrong_managing.FindsTheOldestFirst, "test_newest_first"),
    (Search, wrong_managing.FindsAnyWord, "test_all_words"),
    (Search, wrong_managing.FindsPartsOfWords, "test_whole_words_of_any_case"),
    (Search, wrong_managing.ReadsSigns, "test_signs_mean_nothing"),
    (Search, wrong_managing.KnowsLatinOnly, "test_other_scripts"),
    (Search, wrong_managing.IncludesTheSeqBefore, "test_before_and_limit"),
    (Search, wrong_managing.FindsAllForNothing, "test_no_word_finds_nothing"),
    (Search, wrong_managing.SearchesWhatWasThere, "test_sees_what_was_just_stored"),
    (Search, wrong_managing.SearchesWhatWasThere, "test_deleted_is_not_found"),
    (Search, wrong_managing.FindsNothingInNoRoom, "test_no_room_is_none"),
    (Search, wrong_managing.SearchesTheLastThousand, "test_long_rooms"),
]


@pytest.mark.parametrize(("kit", "plugin"), RIGHT)
def test_a_right_plugin_passes(kit: type, plugin: type, tmp_path: Path) -> None:
    contract = kit(plugin)
    for name in _tests(contract):
        try:
            _run(contract, name, tmp_path)
        except pytest.skip.Exception:
            pass


@pytest.mark.parametrize(("kit", "plugin", "test"), WRONG, ids=[plugin.__name__ for _, plugin, _ in WRONG])
def test_a_wrong_plugin_is_caught(
    kit: type, plugin: type, test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornchat.testing.fixtures.PATIENCE", 0.05)  # what never comes need not be waited for
    contract = kit(plugin)
    with pytest.raises(BrokenPromise) as broken:
        _run(contract, test, tmp_path)
    promised, seen = str(broken.value).splitlines()[:2]
    assert promised == f"Broken promise: {getattr(contract, test).__doc__}"
    assert seen


def test_every_kit_has_a_wrong_plugin_for_it() -> None:
    assert {kit for kit, _, _ in WRONG} == {kit for kit, _ in RIGHT}


def test_a_plugin_without_a_required_hook_is_caught(tmp_path: Path) -> None:
    class Half(Broadcast):
        def make_plugin(self, tmp_path: Path) -> Any:
            return object()

    with pytest.raises(BrokenPromise, match="object lacks @hookimpl for broadcast_scope, subscribe"):
        Half(object).test_every_required_hook_is_there_and_marked(tmp_path)


def _tests(contract: Contract) -> Iterator[str]:
    return (name for name in dir(contract) if name.startswith("test_"))


def _run(contract: Contract, name: str, tmp_path: Path) -> None:
    """Run one test of a kit as pytest does: with a directory of its own."""
    place = tmp_path / name
    place.mkdir()
    getattr(contract, name)(place)
