// The questions. `type` is an interaction type of SCORM 2004 (RTE 4.2.9); texts are {en, id}; `right` is the answer in the
// form quiz.js keeps it: an id, a sorted list of ids, an ordered list of ids, {source: target}, a number range, "true"/"false".
"use strict";

const QUESTIONS = [
  {
    id: "distance", objective: "lift-safely", type: "choice",
    text: {
      en: "You have to carry a box of 15 kg. Where is it easiest on your back?",
      id: "Anda harus membawa kotak 15 kg. Di mana posisi yang paling ringan bagi punggung?",
    },
    options: [
      { id: "arms", text: { en: "In front of you with your arms straight", id: "Di depan dengan lengan lurus" } },
      { id: "belt", text: { en: "Against your body, about as high as your belt", id: "Menempel di badan, kira-kira setinggi ikat pinggang" } },
      { id: "shoulder", text: { en: "Above your head", id: "Di atas kepala" } },
    ],
    right: "belt",
    why: {
      en: "Close to the body the lever is shortest, so your back has the least to pull.",
      id: "Dekat dengan badan tuasnya paling pendek, sehingga punggung menarik paling sedikit.",
    },
  },
  {
    id: "twist", objective: "lift-safely", type: "true-false",
    text: {
      en: "With a load in your hands it is fine to twist your back, as long as your knees are bent.",
      id: "Dengan beban di tangan, memuntir punggung tidak apa-apa selama lutut ditekuk.",
    },
    right: "false",
    why: {
      en: "A loaded spine should not be twisted. Step round with your feet.",
      id: "Tulang belakang yang terbebani jangan dipuntir. Melangkahlah memutar dengan kaki.",
    },
  },
  {
    id: "order", objective: "lift-safely", type: "sequencing",
    text: { en: "Put the steps of a lift into their order.", id: "Urutkan langkah-langkah mengangkat." },
    options: [
      { id: "rise", text: { en: "Rise with your legs", id: "Bangkit dengan kaki" } },
      { id: "think", text: { en: "Check task, load and way", id: "Periksa tugas, beban, dan jalur" } },
      { id: "turn", text: { en: "Turn with your feet", id: "Berputar dengan kaki" } },
      { id: "grip", text: { en: "Bend your knees and get a full grip", id: "Tekuk lutut dan genggam penuh" } },
    ],
    right: ["think", "grip", "rise", "turn"],
    why: {
      en: "First think, then go down and grip, then rise, and only when you stand do you turn.",
      id: "Pikirkan dulu, lalu turun dan genggam, lalu bangkit, dan baru setelah berdiri Anda berputar.",
    },
  },
  {
    id: "help", objective: "lift-safely", type: "choice", several: true,
    text: {
      en: "Which of these are good reasons not to lift alone? Choose all that apply.",
      id: "Manakah alasan yang baik untuk tidak mengangkat sendirian? Pilih semua yang sesuai.",
    },
    options: [
      { id: "unknown", text: { en: "The load’s heavy side is unknown and its contents may shift", id: "Sisi berat beban tidak diketahui dan isinya dapat bergeser" } },
      { id: "sore", text: { en: "Your back is sore today", id: "Punggung Anda nyeri hari ini" } },
      { id: "view", text: { en: "The load is so big that you cannot see over it", id: "Beban begitu besar sehingga menghalangi pandangan" } },
      { id: "colour", text: { en: "The box has an unusual colour", id: "Kotak itu berwarna tidak biasa" } },
    ],
    right: ["sore", "unknown", "view"],
    why: {
      en: "Load, way and you yourself decide; the colour does not.",
      id: "Beban, jalur, dan diri Anda yang menentukan; bukan warnanya.",
    },
  },
  {
    id: "setup", objective: "set-up-workplace", type: "matching",
    text: { en: "What goes with what?", id: "Mana pasangannya?" },
    options: [
      { id: "elbows", text: { en: "Elbows", id: "Siku" } },
      { id: "eyes", text: { en: "Eyes", id: "Mata" } },
      { id: "feet", text: { en: "Feet", id: "Kaki" } },
    ],
    targets: [
      { id: "floor", text: { en: "flat on floor or footrest", id: "rata di lantai atau sandaran kaki" } },
      { id: "desk", text: { en: "as high as the desk", id: "setinggi meja" } },
      { id: "screen-top", text: { en: "level with the top edge of the screen", id: "sejajar tepi atas layar" } },
    ],
    right: { elbows: "desk", eyes: "screen-top", feet: "floor" },
    why: {
      en: "From the bottom up: feet, chair and elbows, then the screen.",
      id: "Dari bawah ke atas: kaki, kursi dan siku, lalu layar.",
    },
  },
  {
    id: "eyes", objective: "set-up-workplace", type: "numeric",
    text: {
      en: "After how many minutes at the screen should your eyes look into the distance for a moment?",
      id: "Setelah berapa menit di depan layar sebaiknya mata memandang jauh sejenak?",
    },
    unit: { en: "minutes", id: "menit" },
    right: [15, 20],
    why: {
      en: "About every 20 minutes: 20 feet (6 metres) away, for 20 seconds.",
      id: "Kira-kira setiap 20 menit: sejauh 6 meter (20 kaki), selama 20 detik.",
    },
  },
];
