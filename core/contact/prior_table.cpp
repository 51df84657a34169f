#include "prior_table.h"

namespace tactus::contact {

const std::vector<UsualContact>& usual_contacts() {
  static const std::vector<UsualContact> all = {
      {"chair", "sits on", {"buttock", "thigh", "lower back", "upper back"}, {"seat", "backrest"}},
      {"stool", "sits on", {"buttock", "thigh"}, {"seat"}},
      {"bench", "sits on", {"buttock", "thigh", "lower back", "upper back"}, {"seat", "backrest"}},
      {"couch", "sits on", {"buttock", "thigh", "lower back", "upper back"}, {"seat", "backrest"}},
      {"table", "leans on", {"hand", "fingers", "forearm"}, {"top"}},
      {"bed", "lies on", {"buttock", "thigh", "lower back", "upper back", "lower leg", "head"}, {"mattress"}},
      {"bottle", "holds", {"hand", "fingers"}, {"body"}},
      {"cup", "holds", {"right hand", "right fingers"}, {"body", "handle"}},
      {"bowl", "holds", {"hand", "fingers"}, {"body"}},
      {"knife", "holds", {"right hand", "right fingers"}, {"handle"}},
      {"hammer", "holds", {"right hand", "right fingers"}, {"handle"}},
      {"broom", "holds", {"hand", "fingers"}, {"stick"}},
      {"umbrella", "holds", {"right hand", "right fingers"}, {"handle", "shaft"}},
      {"book", "holds", {"hand", "fingers"}, {"cover"}},
      {"laptop", "uses", {"hand", "fingers", "thigh"}, {"base", "keyboard"}},
      {"phone", "holds", {"right hand", "right fingers"}, {"back", "screen"}},
      {"suitcase", "pulls", {"right hand", "right fingers"}, {"handle"}},
      {"backpack", "carries", {"upper back", "lower back", "shoulder"}, {"straps", "body"}},
      {"box", "carries", {"hand", "fingers", "forearm"}, {"sides"}},
      {"guitar", "plays", {"hand", "fingers", "forearm", "abdomen", "thigh"}, {"body", "neck"}},
      {"camera on a tripod", "operates", {"hand", "fingers"}, {"body", "pan handle", "viewfinder"}, true},
      {"ball", "holds", {"hand", "fingers"}, {"surface"}},
      {"tennis ball", "holds", {"right hand", "right fingers"}, {"surface"}},
      {"bat", "swings", {"hand", "fingers"}, {"handle"}},
      {"racket", "swings", {"right hand", "right fingers"}, {"handle"}},
      {"skateboard", "stands on", {"sole"}, {"deck"}},
      {"snowboard", "stands on", {"sole", "foot"}, {"deck", "bindings"}},
      {"surfboard", "stands on", {"sole"}, {"deck"}},
      {"frisbee", "holds", {"right hand", "right fingers"}, {"disc"}},
      {"dumbbell", "lifts", {"right hand", "right fingers"}, {"grip"}},
      {"bicycle", "rides", {"hand", "fingers", "buttock", "sole"}, {"grips", "saddle", "pedals"}},
      {"motorcycle", "rides", {"hand", "fingers", "buttock", "thigh", "sole"}, {"grips", "seat", "footrests"}},
  };
  return all;
}

const std::vector<UsualAction>& usual_actions() {
  static const std::vector<UsualAction> all = {
      {{"sit", "sits", "sitting", "sat", "seated"}, "sits on", {"buttock", "thigh"},
       {"seat", "saddle", "mattress", "top", "lid", "deck", "body"}},
      {{"lie", "lies", "lying"}, "lies on", {"buttock", "thigh", "lower back", "upper back", "lower leg", "head"},
       {"mattress", "seat", "top", "deck"}},
      {{"stand", "stands", "standing", "step", "steps", "stepping"}, "stands on", {"sole"}, {"deck", "seat", "mattress", "top", "lid"}},
      {{"kick", "kicks", "kicking"}, "kicks", {"right foot"}, {}},
      {{"lean", "leans", "leaning"}, "leans on", {"hand", "forearm", "upper back", "lower back"},
       {"backrest", "top", "armrests", "headboard", "saddle"}},
      {{"carry", "carries", "carrying", "carried"}, "carries", {"hand", "fingers"}, {"handle"}},
      {{"push", "pushes", "pushing"}, "pushes", {"hand", "fingers"}, {"handle", "handlebar", "grips", "backrest"}},
      {{"pull", "pulls", "pulling"}, "pulls", {"hand", "fingers"}, {"handle", "handlebar", "grips", "backrest"}},
      {{"lift", "lifts", "lifting"}, "lifts", {"hand", "fingers"}, {"handle", "grip"}},
      {{"wear", "wears", "wearing"}, "wears", {"upper back", "lower back", "shoulder"}, {"straps", "body"}},
      {{"hold", "holds", "holding", "grip", "grips", "hand", "hands"}, "holds", {"hand", "fingers"}, {"handle", "handlebar", "grips", "grip", "stick"}},
  };
  return all;
}

}  // namespace tactus::contact
