// Calls of subsonic-api that tell what a listener does; each uses what the ones before it stored.
export async function listen(client, song) {
  const { albumId } = (await client.getSong({ id: song })).song;
  const succeeds = async (answer) => (await answer).status === "ok";
  const playlist = async () => {
    const found = (await client.getPlaylists()).playlists.playlist.find((each) => each.name === "subsonic-api");
    return (await client.getPlaylist({ id: found.id })).playlist;
  };
  return {
    star: () => succeeds(client.star({ id: song, albumId })),
    getStarred: async () => (await client.getStarred()).starred.album[0].id === albumId,
    getStarred2: async () => (await client.getStarred2()).starred2.song[0].id === song,
    unstar: async () =>
      (await succeeds(client.unstar({ id: song, albumId }))) && (await client.getStarred2()).starred2.song.length === 0,
    setRating: async () =>
      (await succeeds(client.setRating({ id: song, rating: 4 }))) &&
      (await client.getSong({ id: song })).song.userRating === 4,
    "scrobble (now playing)": () => succeeds(client.scrobble({ id: song, submission: false })),
    getNowPlaying: async () => (await client.getNowPlaying()).nowPlaying.entry[0].username === "ada",
    scrobble: async () =>
      (await succeeds(client.scrobble({ id: song, time: Date.now() }))) &&
      (await client.getSong({ id: song })).song.playCount > 0,
    createPlaylist: () => succeeds(client.createPlaylist({ name: "subsonic-api", songId: [song, song] })),
    getPlaylists: async () => (await playlist()).songCount === 2,
    updatePlaylist: async () =>
      succeeds(client.updatePlaylist({ playlistId: (await playlist()).id, comment: "new", songIndexToRemove: [0] })),
    getPlaylist: async () => (await playlist()).comment === "new" && (await playlist()).entry.length === 1,
    deletePlaylist: async () => succeeds(client.deletePlaylist({ id: (await playlist()).id })),
    savePlayQueue: () => succeeds(client.savePlayQueue({ id: song, current: song, position: 1000 })),
    getPlayQueue: async () => (await client.getPlayQueue()).playQueue.current === song,
  };
}
