// One function a category.
#pragma once

#include "mesh_builder.h"
#include "tactus/random.h"

namespace tactus::objects {

// Draws proportions: `around(x, spread)` is x for the default instance, else x·(1 ± spread).
struct Variation {
  Random* random = nullptr;
  double around(double value, double spread) const {
    return random == nullptr ? value : value * random->uniform(1.0 - spread, 1.0 + spread);
  }
};

using Shape = void (*)(MeshBuilder&, const Variation&);

// furniture.cpp
void chair(MeshBuilder&, const Variation&);
void stool(MeshBuilder&, const Variation&);
void bench(MeshBuilder&, const Variation&);
void couch(MeshBuilder&, const Variation&);
void table(MeshBuilder&, const Variation&);
void bed(MeshBuilder&, const Variation&);
// household.cpp
void bottle(MeshBuilder&, const Variation&);
void cup(MeshBuilder&, const Variation&);
void bowl(MeshBuilder&, const Variation&);
void knife(MeshBuilder&, const Variation&);
void hammer(MeshBuilder&, const Variation&);
void broom(MeshBuilder&, const Variation&);
void umbrella(MeshBuilder&, const Variation&);
void book(MeshBuilder&, const Variation&);
void laptop(MeshBuilder&, const Variation&);
void phone(MeshBuilder&, const Variation&);
void suitcase(MeshBuilder&, const Variation&);
void backpack(MeshBuilder&, const Variation&);
void box_parcel(MeshBuilder&, const Variation&);
void guitar(MeshBuilder&, const Variation&);
void camera_on_tripod(MeshBuilder&, const Variation&);
// sport.cpp
void ball(MeshBuilder&, const Variation&);
void tennis_ball(MeshBuilder&, const Variation&);
void bat(MeshBuilder&, const Variation&);
void racket(MeshBuilder&, const Variation&);
void skateboard(MeshBuilder&, const Variation&);
void snowboard(MeshBuilder&, const Variation&);
void surfboard(MeshBuilder&, const Variation&);
void frisbee(MeshBuilder&, const Variation&);
void dumbbell(MeshBuilder&, const Variation&);
void bicycle(MeshBuilder&, const Variation&);
void motorcycle(MeshBuilder&, const Variation&);

}  // namespace tactus::objects
